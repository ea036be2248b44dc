"""Which voices all members of a server may use."""

from data.part import StorePart
from data.rows import VoiceRow, VoiceShare


class VoiceShareStore(StorePart):
    """Shares by server. None is there unless a voice's owner made it."""

    async def share(self, voice_id: int, guild_id: int) -> None:
        """Share a voice with a server; of one shared before, keep since when."""
        row = {"guild_id": guild_id, "voice_id": voice_id, "shared_at": self._clock()}
        await self._database.insert("voice_shares", row, unless_known=True)

    async def unshare(self, voice_id: int, guild_id: int) -> bool:
        """Take a share back, with what others made of it: their choice, the server's default.

        Returns whether it was shared.
        """
        async with self._database.transaction():
            await self._database.execute(
                "DELETE FROM voice_choices WHERE voice_id = ? AND guild_id = ? AND user_id <> "
                "(SELECT owner_id FROM voices WHERE voice_id = ?)",
                voice_id,
                guild_id,
                voice_id,
            )
            changes = {"default_voice_id": None}
            await self._database.update(
                "guild_settings", changes, guild_id=guild_id, default_voice_id=voice_id
            )
            return bool(
                await self._database.delete("voice_shares", voice_id=voice_id, guild_id=guild_id)
            )

    async def of_owner(self, owner_id: int) -> list[VoiceShare]:
        """Where a member's voices are shared, the oldest share first."""
        return await self._database.select(
            VoiceShare,
            "SELECT s.* FROM voice_shares AS s JOIN voices USING (voice_id) WHERE owner_id = ? "
            "ORDER BY shared_at, s.guild_id",
            owner_id,
        )

    async def of_guild(self, guild_id: int) -> list[VoiceRow]:
        return await self._database.select(
            VoiceRow,
            "SELECT voices.* FROM voices JOIN voice_shares USING (voice_id) "
            "WHERE voice_shares.guild_id = ? ORDER BY lower(name), voice_id",
            guild_id,
        )
