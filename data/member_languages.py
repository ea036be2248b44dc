"""Which language each member said that they write in, in each server."""

from data.part import StorePart


class MemberLanguageStore(StorePart):
    """Languages by member and server, as ISO 639-1 codes."""

    async def choose(self, user_id: int, guild_id: int, language: str | None) -> None:
        """Remember what a member writes in; None: whatever their lines are in."""
        if language is None:
            await self._database.delete("member_languages", user_id=user_id, guild_id=guild_id)
            return
        row: dict[str, int | str] = {
            "user_id": user_id,
            "guild_id": guild_id,
            "language": language,
        }
        async with self._database.transaction():
            await self._remember(user_id)
            await self._database.upsert("member_languages", row, key="user_id, guild_id")

    async def get(self, user_id: int, guild_id: int) -> str | None:
        chosen = await self._database.lookup(
            "SELECT language FROM member_languages WHERE user_id = ? AND guild_id = ?",
            user_id,
            guild_id,
        )
        return chosen[0][0] if chosen else None
