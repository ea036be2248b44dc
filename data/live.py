"""Who is not read aloud in a server."""

from collections.abc import Callable
from enum import StrEnum

from data.database import Database
from data.voices import Users


class Exclusion(StrEnum):
    """Why somebody's messages are not read: a moderator's decision, or their own."""

    BLOCKED = "blocked"
    OPTED_OUT = "opted_out"


class Exclusions:
    """Members whose messages are not read aloud."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._users = Users(database, clock)

    async def of(self, user_id: int, guild_id: int) -> set[Exclusion]:
        """Why a member is not read in a server; nothing for somebody who is."""
        rows = await self._database.fetch(
            "SELECT kind FROM live_exclusions WHERE guild_id = ? AND user_id = ?", guild_id, user_id
        )
        return {Exclusion(row["kind"]) for row in rows}

    async def add(self, user_id: int, guild_id: int, kind: Exclusion) -> bool:
        """Leave a member out; false if that was so already."""
        async with self._database.transaction():
            await self._users.touch(user_id)
            added = await self._database.execute(
                "INSERT OR IGNORE INTO live_exclusions (guild_id, user_id, kind) VALUES (?, ?, ?)",
                guild_id,
                user_id,
                kind.value,
            )
        return added > 0

    async def remove(self, user_id: int, guild_id: int, kind: Exclusion) -> bool:
        """Read a member again; false if nothing stood against it."""
        removed = await self._database.execute(
            "DELETE FROM live_exclusions WHERE guild_id = ? AND user_id = ? AND kind = ?",
            guild_id,
            user_id,
            kind.value,
        )
        return removed > 0
