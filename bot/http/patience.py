"""Connections on which nobody asks anything are ended, or anybody could hold them all.

aiohttp waits for the first line of a request for ever, and an hour for the next request.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from aiohttp import web

#: How long a connection may lie idle, its request's head on the way included.
IDLE_S = 60.0
#: So many may be open: of more, those that have been idle for longest are ended at once.
MOST_CONNECTIONS = 256
_LOOK_EVERY_S = 1.0


class Patience:
    """Watches over the server's `connections`. `clock` is in seconds."""

    def __init__(
        self,
        connections: Callable[[], Sequence[web.RequestHandler]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connections = connections
        self._clock = clock
        self._busy: set[object] = set()
        self._idle_since: dict[object, float] = {}

    @contextmanager
    def answering(self, request: web.Request) -> Iterator[None]:
        """Nothing is ended while it is being answered."""
        connection = request.protocol
        self._busy.add(connection)
        try:
            yield
        finally:
            self._busy.discard(connection)
            self._idle_since[connection] = self._clock()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(_LOOK_EVERY_S)

    def look(self) -> None:
        """End what has been idle for too long, or is too much."""
        now, present = self._clock(), self._connections()
        self._idle_since = {one: self._idle_since.get(one, now) for one in present}
        idle = [one for one in present if one not in self._busy]
        idle.sort(key=lambda one: self._idle_since[one])
        surplus = max(0, len(present) - MOST_CONNECTIONS)
        for number, one in enumerate(idle):
            if number < surplus or now - self._idle_since[one] > IDLE_S:
                one.force_close()
