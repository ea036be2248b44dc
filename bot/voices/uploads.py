"""Files that members send: fetched, looked at and removed, so many at a time and in fair turns."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from bot.base import private_files
from bot.base.errors import UserError
from bot.base.home import UPLOADS
from bot.base.turns import FairTurns
from bot.catalogue import Sentence

#: A file of 10 MiB takes a second; others wait for those that are being fetched.
FETCH_WITHIN_S = 60.0
#: A check takes a second or two, and whoever waits watches Discord's "is thinking".
_MOST_WAITING = 50
_TOO_MANY = Sentence("Many others are registering voices just now. Please try again in a minute.")

#: Writes what was uploaded to a path that does not exist yet.
Fetch = Callable[[Path], Awaitable[object]]
Found = TypeVar("Found")


class Uploads:
    """`at_once` files are fetched at a time, and as many looked at: both take memory or a core."""

    def __init__(self, home: Path, *, at_once: int, max_bytes: int) -> None:
        self.folder = home / UPLOADS
        self._max_bytes = max_bytes
        turns = at_once, _MOST_WAITING, _TOO_MANY
        self._fetches, self._checks = FairTurns(*turns), FairTurns(*turns)

    def require_room(self) -> None:
        """Raise `UserError` where too many wait."""
        self._fetches.require_room()
        self._checks.require_room()

    def require_size(self, size_bytes: int) -> None:
        """Raise `UserError` for a file that need not even be fetched."""
        if size_bytes > self._max_bytes:
            raise UserError(
                "This file has {size:.1f} MiB; I take at most {most:g} MiB.",
                size=size_bytes / 2**20,
                most=self._max_bytes / 2**20,
            )
        if size_bytes == 0:
            raise UserError("This file is empty.")

    async def checked(
        self,
        lane: tuple[int, int],
        fetch: Fetch,
        received: Callable[[], Awaitable[object]],
        check: Callable[[Path], Awaitable[Found]],
    ) -> Found:
        """What `check` finds in an upload; `received` is awaited before. The file goes in any case.

        `lane` is the server (0: none) and the member who take turns with others. Raises
        `UserError`, and what `fetch` and `check` do.
        """
        upload = await asyncio.to_thread(private_files.unused_path, self.folder, ".upload")
        try:
            # One after the other: an upload is in memory while it comes in.
            async with self._fetches.turn(*lane):
                await _in_time(fetch(upload))
            await received()
            async with self._checks.turn(*lane):
                return await check(upload)
        finally:
            await asyncio.shield(asyncio.to_thread(private_files.remove, [upload]))


async def _in_time(fetching: Awaitable[object]) -> None:
    try:
        async with asyncio.timeout(FETCH_WITHIN_S):
            await fetching
    except TimeoutError:
        raise UserError("Discord did not hand me the file in time. Please try again.") from None
