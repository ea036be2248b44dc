"""Which voice each member speaks with in each server."""

from collections.abc import Callable

from data.database import Database
from data.voices import Users


class VoiceChoices:
    """Choices by member and server. Whether a chosen voice may still be used is not known here."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._users = Users(database, clock)

    async def choose(self, user_id: int, guild_id: int, voice_id: int) -> None:
        """Remember a choice, and the member if they are new."""
        async with self._database.transaction():
            await self._users.touch(user_id)
            await self._database.execute(
                "INSERT INTO voice_choices (user_id, guild_id, voice_id) VALUES (?, ?, ?) "
                "ON CONFLICT (user_id, guild_id) DO UPDATE SET voice_id = excluded.voice_id",
                user_id,
                guild_id,
                voice_id,
            )

    async def get(self, user_id: int, guild_id: int) -> int | None:
        """The id of the voice that a member chose, if any."""
        rows = await self._database.fetch(
            "SELECT voice_id FROM voice_choices WHERE user_id = ? AND guild_id = ?",
            user_id,
            guild_id,
        )
        return int(rows[0]["voice_id"]) if rows else None

    async def of_user(self, user_id: int) -> dict[int, int]:
        """A member's choices: voice ids by server."""
        rows = await self._database.fetch(
            "SELECT guild_id, voice_id FROM voice_choices WHERE user_id = ? ORDER BY guild_id",
            user_id,
        )
        return {int(row["guild_id"]): int(row["voice_id"]) for row in rows}
