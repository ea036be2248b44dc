"""How long a text may be before it is read, while it is read, and in one breath."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextLimits:
    """Limits in characters; the settings pass them in. All positive, or ``ValueError``."""

    max_input_chars: int = 2000
    max_spoken_chars: int = 1500
    max_chunk_chars: int = 280
    first_chunk_chars: int = 60

    def __post_init__(self) -> None:
        smallest = min(
            self.max_input_chars,
            self.max_spoken_chars,
            self.max_chunk_chars,
            self.first_chunk_chars,
        )
        if smallest < 1:
            raise ValueError("Every text limit is at least one character.")
        if self.first_chunk_chars > self.max_chunk_chars:
            raise ValueError("first_chunk_chars must not exceed max_chunk_chars.")
