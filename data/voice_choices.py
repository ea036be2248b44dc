"""Which voice each member speaks with in each server."""

from data.columns import Value
from data.part import StorePart


class VoiceChoiceStore(StorePart):
    """Choices by member and server. Whether a chosen voice may still be used is not known here."""

    async def choose(self, user_id: int, guild_id: int, voice: int | str) -> None:
        """Remember the voice that a member chose: a registered one's id, a stock one's name."""
        row: dict[str, Value] = {
            "user_id": user_id,
            "guild_id": guild_id,
            "voice_id": voice if isinstance(voice, int) else None,
            "stock_voice": voice if isinstance(voice, str) else None,
        }
        async with self._database.transaction():
            await self._remember(user_id)
            await self._database.upsert("voice_choices", row, key="user_id, guild_id")

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

    async def get(self, user_id: int, guild_id: int) -> int | str | None:
        """What a member chose, if they did: a registered voice's id, or a stock voice's name."""
        chosen = await self._database.fetch(
            "SELECT voice_id, stock_voice FROM voice_choices WHERE user_id = ? AND guild_id = ?",
            user_id,
            guild_id,
        )
        for voice_id, stock_voice in chosen:
            return stock_voice if voice_id is None else int(voice_id)
        return None
