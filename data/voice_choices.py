"""Which voice each member speaks with in each server."""

from data.part import StorePart


class VoiceChoiceStore(StorePart):
    """Choices by member and server. Whether a chosen voice may still be used is not known here."""

    async def choose(self, user_id: int, guild_id: int, voice_id: int) -> None:
        """Remember that a member chose a registered voice, and the member if they are new."""
        await self._choose(user_id, guild_id, voice_id, None)

    async def choose_stock(self, user_id: int, guild_id: int, stock_voice: str) -> None:
        """Remember that a member chose one of the engine's voices, by its name."""
        await self._choose(user_id, guild_id, None, stock_voice)

    async def settle_on(self, user_id: int, guild_id: int, voice_id: int) -> None:
        """Remember a voice of a member's own as their choice, unless they have chosen already."""
        await self._database.execute(
            "INSERT INTO voice_choices (user_id, guild_id, voice_id) "
            "SELECT owner_id, ?, voice_id FROM voices WHERE voice_id = ? AND owner_id = ? "
            "ON CONFLICT DO NOTHING",
            guild_id,
            voice_id,
            user_id,
        )

    async def get(self, user_id: int, guild_id: int) -> int | None:
        """The id of the registered voice that a member chose, if they chose one."""
        rows = await self._database.fetch(
            "SELECT voice_id FROM voice_choices WHERE user_id = ? AND guild_id = ? "
            "AND voice_id IS NOT NULL",
            user_id,
            guild_id,
        )
        return int(rows[0]["voice_id"]) if rows else None

    async def get_stock(self, user_id: int, guild_id: int) -> str | None:
        """The name of the stock voice that a member chose, if they chose one."""
        rows = await self._database.fetch(
            "SELECT stock_voice FROM voice_choices WHERE user_id = ? AND guild_id = ? "
            "AND stock_voice IS NOT NULL",
            user_id,
            guild_id,
        )
        return str(rows[0]["stock_voice"]) if rows else None

    async def _choose(
        self, user_id: int, guild_id: int, voice_id: int | None, stock_voice: str | None
    ) -> None:
        async with self._database.transaction():
            await self._remember(user_id)
            row = {
                "user_id": user_id,
                "guild_id": guild_id,
                "voice_id": voice_id,
                "stock_voice": stock_voice,
            }
            await self._database.insert("voice_choices", row, on_conflict="REPLACE")
