"""Packets of renderings that were read a moment ago: what is said again and again is read once.

Only while the row is there, which is looked up each time. Whatever is forgotten of anybody empties
it, in every process, and what is not said again goes by itself.
"""

import asyncio

from data.rows import SpeechKey

Packets = tuple[bytes, ...]

#: Some ten minutes of speech.
MAX_BYTES = 8 * 2**20
#: What was not said for so long goes.
KEPT_S = 60.0
_LOOK_EVERY_S = 10.0


class RecentPackets:
    """By key, the least recently used first. For the event loop."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[int, float, Packets]] = {}  # bytes, last use, packets
        self._bytes = 0
        self._sweeping: asyncio.TimerHandle | None = None
        #: Changes whenever it is emptied: what was read before must not be put in after that.
        self.age = 0

    def get(self, row: SpeechKey) -> Packets | None:
        """What was read of the file that `row` is of."""
        found = self._kept.pop(row.key, None)
        if found is None:
            return None
        size, _, packets = found
        if size != row.size_bytes:  # it was made anew
            self._bytes -= size
            return None
        self._kept[row.key] = size, asyncio.get_running_loop().time(), packets
        return packets

    def put(self, row: SpeechKey, packets: Packets, age: int) -> None:
        """Keep what was read, unless that began before it was emptied, at another `age`."""
        if age != self.age or row.size_bytes > MAX_BYTES // 8:
            return
        loop = asyncio.get_running_loop()
        self._remove(row.key)
        self._kept[row.key] = row.size_bytes, loop.time(), packets
        self._bytes += row.size_bytes
        while self._bytes > MAX_BYTES:
            self._remove(next(iter(self._kept)))
        if self._sweeping is None:
            self._sweeping = loop.call_later(_LOOK_EVERY_S, self._sweep)

    def clear(self) -> None:
        self.age += 1
        self._kept.clear()
        self._bytes = 0

    def _remove(self, key: str) -> None:
        if found := self._kept.pop(key, None):
            self._bytes -= found[0]

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        oldest = loop.time() - KEPT_S
        for key, (_, used_at, _) in list(self._kept.items()):
            if used_at > oldest:
                break
            self._remove(key)
        self._sweeping = loop.call_later(_LOOK_EVERY_S, self._sweep) if self._kept else None
