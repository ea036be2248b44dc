"""Costly work, so much of it at once: who asks next has a turn after every other server's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.base.errors import UserError
from bot.catalogue import Said
from engine.host.fair_queue import FairQueue, Lane
from engine.speech import Priority


class FairTurns:
    """`at_once` pieces of work run; of the others servers take turns, and in a server members.

    Where `most_waiting` wait, one more is refused with `full`, a sentence.
    """

    def __init__(self, at_once: int, most_waiting: int, full: Said) -> None:
        self._free = at_once
        self._most_waiting = most_waiting
        self._full = full
        self._queue: FairQueue[asyncio.Future[None]] = FairQueue()

    def require_room(self) -> None:
        """Raise `UserError` where a turn would be refused."""
        if len(self._queue) >= self._most_waiting:
            raise UserError(self._full)

    @asynccontextmanager
    async def turn(self, guild_id: int, user_id: int) -> AsyncIterator[None]:
        """Wait for a turn and hold it. Raises `UserError` where too many wait."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(Lane(Priority.FIRST_SOUND, guild_id, user_id))
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, lane: Lane) -> None:
        self.require_room()
        given = asyncio.get_running_loop().create_future()
        self._queue.put(given, lane)
        try:
            await given
        except asyncio.CancelledError:
            if given in self._queue:
                self._queue.remove(given)
            elif not given.cancelled():  # the turn came in the same moment
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while self._queue:
            waiting = self._queue.take()
            if not waiting.done():
                waiting.set_result(None)
                return
        self._free += 1
