"""Says one utterance of the line after the other: from clips to packets in the source.

Knows nothing of connections: what it puts into the source waits there until it may sound.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing

from bot.channel.line import Line
from bot.channel.playback import Playback
from bot.channel.source import OpusQueueSource
from engine.speech import Priority

log = logging.getLogger(__name__)


class LineSpeaker:
    """`current` is what is being said. `play` is called whenever there is something to play."""

    def __init__(self, line: Line, source: OpusQueueSource, play: Callable[[], None]) -> None:
        self._line = line
        self._source = source
        self._play = play
        self.current: Playback | None = None
        self._prepared = False  # all clips of `current` are in the source
        self._speaking: asyncio.Task[None] | None = None
        self._going_through: asyncio.Task[None] | None = None

    def go_on(self) -> None:
        """Go through the line until it is empty, unless that is being done."""
        if self._going_through is None or self._going_through.done():
            self._going_through = asyncio.create_task(self._go_through(), name="voice line")
        self._prepare_next()

    def _prepare_next(self) -> None:
        """Once nothing is left to be made of what sounds, what comes after it is due."""
        if self._prepared and (following := self._line.first):
            following.utterance.due(Priority.SPEAKING)

    def stop_current(self) -> None:
        """Fall silent now and go on with the next; its author has been told already."""
        self._source.clear()
        if self._speaking:
            self._speaking.cancel()

    async def _go_through(self) -> None:
        while playback := self._line.take():
            self.current = playback
            self._speaking = asyncio.create_task(self._speak(playback), name="utterance")
            try:
                await asyncio.wait({self._speaking})
            finally:
                self._speaking.cancel()
                self.current = self._speaking = None
                self._prepared = False

    async def _speak(self, playback: Playback) -> None:
        try:
            await self._feed(playback)
            playback.complete()
        except Exception as error:
            # The author is told through the playback; the line goes on with the next.
            log.warning("not spoken", extra={"reason": str(error)})
            playback.fail(error)

    async def _feed(self, playback: Playback) -> None:
        spoken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def last_packet_sent() -> None:
            if not spoken.done():
                spoken.set_result(None)

        failure: Exception | None = None
        first = True
        try:
            async with aclosing(playback.utterance.clips()) as clips:
                async for clip in clips:
                    self._source.put(clip.packets, first=soon(playback.begin) if first else None)
                    first = False
                    self._play()
        except Exception as error:  # said below, after what is already queued
            failure = error
        self._prepared = True
        self._prepare_next()
        if not first:
            self._source.end(soon(last_packet_sent))
            self._play()
            await spoken
        if failure:
            raise failure


def soon(callback: Callable[[], object]) -> Callable[[], None]:
    """`callback` on the running loop, to be called from the sender's thread."""
    loop = asyncio.get_running_loop()

    def called_elsewhere() -> None:
        loop.call_soon_threadsafe(callback)

    return called_elsewhere
