"""Speech that can still be exchanged while it waits: its message was edited."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from bot.audio.clip import Clip
from bot.voice.playback import Speakable


class EditableLine:
    """A message's speech in its place in the line."""

    def __init__(self, speech: Speakable) -> None:
        self._speech = speech
        self.begun = False

    def replace(self, speech: Speakable) -> None:
        """Say `speech` instead. Only before it has begun."""
        self._speech.cancel()
        self._speech = speech

    async def clips(self) -> AsyncGenerator[Clip, None]:
        """The clips of the latest speech, which stands from now on."""
        self.begun = True
        async with aclosing(self._speech.clips()) as clips:
            async for clip in clips:
                yield clip

    def cancel(self) -> None:
        """Give up whatever is being prepared."""
        self._speech.cancel()
