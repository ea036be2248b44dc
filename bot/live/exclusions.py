"""Who is not read aloud, and that what they wrote is taken back as soon as that is so."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from data.live import Exclusion, ExclusionStore

#: Cancels what a member wrote, by the server's id and theirs.
TakeBack = Callable[[int, int], Awaitable[None]]


class LiveExclusions:
    """Members whose messages are not read, by their own wish or a moderator's."""

    def __init__(self, store: ExclusionStore, take_back: TakeBack) -> None:
        self._store = store
        self._take_back = take_back

    async def of(self, user_id: int, guild_id: int) -> set[Exclusion]:
        return await self._store.of(user_id, guild_id)

    async def blocked_in(self, guild_id: int) -> list[int]:
        return await self._store.listed(guild_id, Exclusion.BLOCKED)

    async def blocked_and_deleted(self, guild_id: int) -> int:
        return await self._store.blocked_and_deleted(guild_id)

    @asynccontextmanager
    async def exclude(self, user_id: int, guild_id: int, kind: Exclusion) -> AsyncIterator[None]:
        """Read a member no more. Answer in the body: cancelling what they wrote can take long."""
        await self._store.add(user_id, guild_id, kind)
        try:
            yield
        finally:
            await self._take_back(guild_id, user_id)

    async def readmit(self, user_id: int, guild_id: int, kind: Exclusion) -> bool:
        """Read a member again; false if nothing of this kind stood against it."""
        return await self._store.remove(user_id, guild_id, kind)
