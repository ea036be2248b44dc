"""Files that have a row each: which of the two lacks the other, and how both go.

A file goes before its row, so that a crash in between leaves a row, which is found, and never a
file that nothing knows of.
"""

import math
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic

from bot.base.objects import Objects
from data.cache_keys import CacheRow, CacheStore


class RecordedFiles(Generic[CacheRow]):
    """The files in one folder of `objects`, and their rows."""

    def __init__(self, objects: Objects, folder: str, rows: CacheStore[CacheRow]) -> None:
        self._objects = objects
        self._folder = folder
        self._rows: CacheStore[CacheRow] = rows

    async def remove(self, rows: Iterable[CacheRow]) -> int:
        """Remove files and their rows; returns how many rows there were.

        Files once more after their rows: another process may have made one anew in between. Then it
        is that one's row which may be left, and such a row is found and forgotten.
        """
        rows = list(rows)
        if not rows:
            return 0
        names = [row.path for row in rows]
        await self._objects.delete(names)
        gone = await self._rows.delete(row.key for row in rows)
        await self._objects.delete(names)
        return gone

    async def remove_missing(self, before: float = math.inf) -> int:
        """Forget what was recorded at `before` or earlier and is not there; returns how many."""
        rows = [row for row in await self._rows.all() if row.created_at <= before]
        missing = await self._objects.missing(row.path for row in rows)
        return await self.remove(row for row in rows if row.path in missing)

    async def remove_broken(self, is_sound: Callable[[CacheRow], Awaitable[bool]]) -> int:
        """Remove what was recorded and is not sound; returns how many."""
        rows = await self._rows.all()
        return await self.remove([row for row in rows if not await is_sound(row)])

    async def remove_unknown(self, before: float) -> int:
        """Remove Timbre's files without a row that were written at `before` or earlier."""

        async def known() -> set[str]:
            return {row.path for row in await self._rows.all()}

        return await remove_unknown(self._objects, self._folder, known, before)


async def remove_unknown(
    objects: Objects, folder: str, known: Callable[[], Awaitable[set[str]]], before: float
) -> int:
    """Remove Timbre's files in `folder` whose names are not `known`.

    Only those last written at `before` (Unix seconds) or earlier: a younger one may be about to be
    recorded. Returns how many there were.
    """
    # Listed before the rows: what is recorded in between is known then.
    found = await objects.names(folder, before)
    recorded = await known()
    unknown = [name for name in found if name not in recorded]
    await objects.delete(unknown)
    return len(unknown)
