"""From what a person typed to chunks for the engine, with the limits of the settings."""

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from bot.base.errors import UserError
from bot.text import Names, Pronunciations, TextLimits, chunks, explain, speakable

_NONE = Pronunciations()


class NothingToSay(UserError):
    """No word of a text is left to be said."""


class Reader:
    """Turns text into chunks that are spoken one after the other."""

    def __init__(self, limits: TextLimits, now: Callable[[], datetime]) -> None:
        self._limits = limits
        self._now = now

    def read(
        self,
        text: str,
        names: Names,
        pronunciations: Pronunciations = _NONE,
        *,
        max_chars: int | None = None,
    ) -> list[str]:
        """Chunks of at most `max_chunk_chars`, the first one short.

        What is past `max_chars` is left out; without it a text that is too long is refused. Raises
        `UserError`, `NothingToSay` where no word is left.
        """
        if max_chars is None and len(text) > self._limits.max_input_chars:
            raise UserError(
                f"That is {len(text):,} characters long; "
                f"I can read up to {self._limits.max_input_chars:,} at once."
            )
        spoken = self.spoken(text, names, pronunciations, max_chars=max_chars)
        if not spoken:
            raise NothingToSay("There is nothing in that I could say aloud.")
        return self.chunks(spoken)

    def spoken(
        self,
        text: str,
        names: Names,
        pronunciations: Pronunciations = _NONE,
        *,
        max_chars: int | None = None,
    ) -> str:
        """What a person would say, "" for nothing; what is past `max_chars` is left out."""
        limits = self._limits
        if max_chars is not None:
            limits = replace(limits, max_input_chars=min(max_chars, limits.max_input_chars))
        return speakable(
            text, names=names, limits=limits, pronunciations=pronunciations, now=self._now()
        ).text

    def chunks(self, spoken: str) -> list[str]:
        """The pieces in which the engine is given what `spoken` returned."""
        return chunks(spoken, self._limits)

    def explain(
        self, text: str, names: Names, pronunciations: Pronunciations
    ) -> list[tuple[str, str]]:
        """Each step of the reading with the text after it."""
        return explain(
            text,
            names=names,
            limits=self._limits,
            pronunciations=pronunciations,
            now=self._now(),
        )
