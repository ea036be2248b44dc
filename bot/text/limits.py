"""How long a text may be before it is read, while it is read, and in one breath."""

from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

#: Readers say so many characters in a second.
_CHARS_PER_S = 15
#: What is heard of an engine that is just fast enough is heard within so many seconds.
_FIRST_SOUND_S = 1.5
#: A word or two: what is shorter would not sound like speech.
_LEAST_FIRST_CHARS = 15
_SENTENCE_S = 5.0
_LEAST_RATIO = 0.01


class TextLimits(Struct, frozen=True):
    """Limits in characters. All positive, or ``ValueError``.

    A chunk is what the engine is given at once; the first one is short, so that sound starts early.
    `synthesis_time_ratio` is the time it may take to make speech, over the time it takes to play.
    `chunk_chars` are read while a chunk is made that has none, where the engine says so.
    """

    max_input_chars: Annotated[int, Meta(ge=1, le=4000), "TIMBRE_MAX_TEXT_CHARS"] = 2000
    max_spoken_chars: Annotated[int, Meta(ge=1, le=20_000), "TIMBRE_MAX_SPOKEN_CHARS"] = 3000
    max_chunk_chars: int = 280
    first_chunk_chars: int = 60
    chunk_chars: float = 0
    synthesis_time_ratio: Annotated[float, Meta(ge=0.01, le=1), "TIMBRE_SYNTHESIS_TIME_RATIO"] = 0.7

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

    def for_engine(self, chunk_s: float) -> "TextLimits":
        """These for an engine that takes `chunk_s` seconds for a chunk before its length counts.

        What `synthesis_time_ratio` allows is of a sentence of 5 s, these seconds included. It is
        more for the first chunk, beside which nothing else is made.
        """
        if not chunk_s:
            return self
        ratio = max(_LEAST_RATIO, self.synthesis_time_ratio - chunk_s / _SENTENCE_S)
        heard = _CHARS_PER_S * (_FIRST_SOUND_S - chunk_s) / self.synthesis_time_ratio
        first = min(max(int(heard), _LEAST_FIRST_CHARS), self.first_chunk_chars)
        return replace(
            self,
            first_chunk_chars=first,
            synthesis_time_ratio=ratio,
            chunk_chars=_CHARS_PER_S * chunk_s,
        )


class PronunciationLimits(Struct, frozen=True):
    """How much may be kept of how words are said: entries of one owner, characters, a file."""

    max_entries: Annotated[int, Meta(ge=0, le=100_000), "TIMBRE_PRONUNCIATIONS_MAX_ENTRIES"] = 1000
    max_word_chars: int = 60
    max_spoken_chars: int = 200
    max_file_bytes: int = 2**20
