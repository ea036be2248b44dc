"""Which voice each member speaks with in each server."""

from typing import Any

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
        voice_id: int | None = await self._get("voice_id", user_id, guild_id)
        return voice_id

    async def get_stock(self, user_id: int, guild_id: int) -> str | None:
        """The name of the stock voice that a member chose, if they chose one."""
        stock_voice: str | None = await self._get("stock_voice", user_id, guild_id)
        return stock_voice

    async def _get(self, column: str, user_id: int, guild_id: int) -> Any:
        chosen = await self._database.column(
            f"SELECT {column} FROM voice_choices WHERE user_id = ? AND guild_id = ?",  # noqa: S608
            user_id,
            guild_id,
        )
        return chosen[0] if chosen else None

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
