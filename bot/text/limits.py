"""How long a text may be before it is read, while it is read, and in one breath."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextLimits:
    """Limits in characters; the settings pass them in. All positive, or ``ValueError``.

    `synthesis_time_ratio` is the time it may take to make speech, over the time it takes to play.
    """

    max_input_chars: int = 2000
    max_spoken_chars: int = 1500
    max_chunk_chars: int = 280
    first_chunk_chars: int = 60
    synthesis_time_ratio: float = 0.7

    def __post_init__(self) -> None:
        smallest = min(
            self.max_input_chars,
            self.max_spoken_chars,
            self.max_chunk_chars,
            self.first_chunk_chars,
        )
        if smallest < 1:
            raise ValueError("Every text limit is at least one character.")
        if self.synthesis_time_ratio <= 0:
            raise ValueError("The limit on the time to make speech is more than nothing.")
        if self.first_chunk_chars > self.max_chunk_chars:
            raise ValueError("first_chunk_chars must not exceed max_chunk_chars.")


@dataclass(frozen=True, slots=True)
class PronunciationLimits:
    """How much may be kept of how words are said: entries of one owner, characters, a file."""

    max_entries: int = 1000
    max_word_chars: int = 60
    max_spoken_chars: int = 200
    max_file_bytes: int = 1_000_000
