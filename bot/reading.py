"""From what somebody typed to chunks for the engine, with the limits of the settings."""

from collections.abc import Callable
from datetime import datetime

from bot.errors import UserError
from bot.text import Names, Pronunciations, TextLimits, chunks, speakable


class Reader:
    """Turns text into chunks that are spoken one after the other."""

    def __init__(self, limits: TextLimits, now: Callable[[], datetime]) -> None:
        self._limits = limits
        self._now = now

    def read(self, text: str, names: Names) -> list[str]:
        """Chunks of at most `max_chunk_chars`, the first one short.

        Raises `UserError` where the text is too long or there is nothing in it to say.
        """
        if len(text) > self._limits.max_input_chars:
            raise UserError(
                f"That is {len(text):,} characters long; "
                f"I can read up to {self._limits.max_input_chars:,} at once."
            )
        spoken = speakable(
            text,
            names=names,
            limits=self._limits,
            pronunciations=Pronunciations(),
            now=self._now(),
        )
        if not spoken.text:
            raise UserError("There is nothing in that I could say aloud.")
        return chunks(spoken.text, self._limits)
