"""Who allowed whom to register their voice."""

from data.part import StorePart
from data.rows import VoicePermission, VoiceRow


class VoicePermissionStore(StorePart):
    """Permissions by voice. A voice goes with its permission."""

    async def put(self, permission: VoicePermission) -> None:
        """Note whose voice one is, in the place of an earlier permission for it."""
        async with self._database.transaction():
            await self._remember(permission.user_id)
            key = "voice_id"
            await self._database.upsert("voice_permissions", permission, key=key, keep=key)

    async def of_voice(self, voice_id: int) -> VoicePermission | None:
        return await self._database.row(VoicePermission, "voice_permissions", voice_id=voice_id)

    async def given_by(self, user_id: int) -> list[VoicePermission]:
        order = "given_at DESC, voice_id"
        return await self._database.rows(
            VoicePermission, "voice_permissions", order=order, user_id=user_id
        )

    async def voices_of(self, user_id: int) -> list[VoiceRow]:
        """The voices of others that are a person's voice."""
        return await self._database.select(
            VoiceRow,
            "SELECT voices.* FROM voices JOIN voice_permissions USING (voice_id) "
            "WHERE user_id = ? ORDER BY voice_id",
            user_id,
        )

    async def givers(self, clip_sha256: str) -> dict[int, int]:
        """Whose voice those are that have a clip, by voice; owners are not among them."""
        rows = await self._database.fetch(
            "SELECT voice_id, user_id FROM voice_permissions JOIN voices USING (voice_id) "
            "WHERE clip_sha256 = ?",
            clip_sha256,
        )
        return {row["voice_id"]: row["user_id"] for row in rows}
