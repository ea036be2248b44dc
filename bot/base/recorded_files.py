"""Files that have a row each: which of the two lacks the other, and how both go.

A file goes before its row, so that a crash in between leaves a row, which is found, and never a
file that nothing knows of.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Generic

from bot.base.home import own_files
from bot.base.private_files import remove
from data.cache_keys import CacheRow, CacheStore


class RecordedFiles(Generic[CacheRow]):
    """The files in one folder under `home`, and their rows."""

    def __init__(self, home: Path, folder: str, rows: CacheStore[CacheRow]) -> None:
        self._home = home
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
        paths = [self._home / row.path for row in rows]
        await asyncio.to_thread(remove, paths)
        gone = await self._rows.delete(row.key for row in rows)
        await asyncio.to_thread(remove, paths)
        return gone

    async def remove_broken(
        self, is_sound: Callable[[Path, CacheRow], bool], before: float = math.inf
    ) -> int:
        """Remove what was recorded at `before` or earlier and is not sound; returns how many."""
        rows = [row for row in await self._rows.all() if row.created_at <= before]

        def broken() -> list[CacheRow]:
            return [row for row in rows if not is_sound(self._home / row.path, row)]

        return await self.remove(await asyncio.to_thread(broken))

    async def remove_unknown(self, before: float) -> int:
        """Remove Timbre's files without a row that were written at `before` or earlier."""

        async def known() -> set[str]:
            return {row.path for row in await self._rows.all()}

        return await remove_unknown(self._home, self._folder, known, before)


async def remove_unknown(
    home: Path, folder: str, known: Callable[[], Awaitable[set[str]]], before: float
) -> int:
    """Remove Timbre's files in `folder` whose paths relative to `home` are not `known`.

    Only those last written at `before` (Unix seconds) or earlier: a younger one may be about to be
    recorded. Returns how many there were.
    """
    # Listed before the rows: what is recorded in between is known then.
    found = await asyncio.to_thread(own_files, home, folder, before)
    recorded = await known()
    unknown = [path for path in found if path.relative_to(home).as_posix() not in recorded]
    await asyncio.to_thread(remove, unknown)
    return len(unknown)
