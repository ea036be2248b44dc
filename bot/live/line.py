"""Speech that can still be changed while it waits: its message is edited, its author is named."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from bot.channel.playback import Speakable
from bot.speech.audio.clip import Clip
from engine.errors import SpeechError
from engine.speech import Priority

log = logging.getLogger(__name__)


class EditableLine:
    """A message's speech in its place in the line.

    `opening` ("Alice says:") comes before it where `opens` says so. Authors take turns, so who
    spoke before is not known earlier than when the turn is near: nothing is made of the opening
    until then. `begins` is called when the turn has come.
    """

    def __init__(
        self,
        speech: Speakable,
        opening: Speakable | None,
        *,
        opens: Callable[[], bool],
        begins: Callable[[], None],
    ) -> None:
        self._speech = speech
        self._opening = opening
        self._opens = opens
        self._begins = begins
        self._priority = Priority.IN_LINE
        self._on_withdrawal: Callable[[SpeechError], None] = lambda _: None
        self._cancelled = False
        self.begun = False

    def due(self, priority: Priority) -> None:
        """Begin to make what comes first; where that is the opening, the speech comes next."""
        if self._cancelled:
            return
        self._priority = priority
        if self._opening and priority is not Priority.IN_LINE and self._opens():
            self._opening.due(priority)
            priority = max(priority, Priority.SPEAKING)
        self._speech.due(priority)

    def replace(self, speech: Speakable) -> None:
        """Say `speech` instead. Only before it has begun."""
        self._speech.cancel()
        self._speech = speech
        speech.on_withdrawal(self._on_withdrawal)
        self.due(self._priority)

    async def clips(self) -> AsyncGenerator[Clip, None]:
        """The clips of the latest speech, which stands from now on."""
        self.begun = True
        parts = [self._speech.clips()]
        if self._opening:
            if self._opens():
                parts.insert(0, _as_far_as_can_be(self._opening))
            else:
                self._opening.cancel()
        self._begins()
        try:
            for part in parts:
                async with aclosing(part) as clips:
                    async for clip in clips:
                        yield clip
        finally:
            self.cancel()

    def on_withdrawal(self, told: Callable[[SpeechError], None]) -> None:
        """Have `told` called with the reason if the speech is withdrawn."""
        self._on_withdrawal = told
        self._speech.on_withdrawal(told)

    def cancel(self) -> None:
        self._cancelled = True
        self._speech.cancel()
        if self._opening:
            self._opening.cancel()


async def _as_far_as_can_be(opening: Speakable) -> AsyncGenerator[Clip, None]:
    """The clips of an opening: one that cannot be said must not cost the message."""
    try:
        async with aclosing(opening.clips()) as clips:
            async for clip in clips:
                yield clip
    except Exception as error:
        expected = isinstance(error, SpeechError)
        log.warning("a name could not be said", exc_info=None if expected else error)
