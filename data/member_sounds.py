"""How each member sounds in each server: by their own choice, and by that of moderators."""

from data.pseudonyms import PseudonymousPart
from data.rows import MemberSound, typed


class MemberSoundStore(PseudonymousPart):
    """What moderators chose is known by people's codes: deleting one's data undoes nothing."""

    async def of(self, user_id: int, guild_id: int) -> MemberSound:
        (row,) = await self._database.fetch(
            "SELECT coalesce(t.speed, 1.0) AS speed, "
            "coalesce(t.pitch_semitones, 0) AS pitch_semitones,"
            " coalesce(m.volume_percent, 100) AS volume_percent, m.stock_voice "
            "FROM (SELECT 1) AS one_row "
            "LEFT JOIN member_tunings AS t ON t.user_id = ? AND t.guild_id = ? "
            "LEFT JOIN moderated_sounds AS m ON m.person = ? AND m.guild_id = ?",
            user_id,
            guild_id,
            self._pseudonym(user_id),
            guild_id,
        )
        return typed(row, MemberSound)

    async def tune(self, user_id: int, guild_id: int, speed: float, pitch_semitones: int) -> None:
        """Remember how a member wants their voices changed; nothing of who wants no change."""
        if speed == 1 and pitch_semitones == 0:
            await self._database.delete("member_tunings", user_id=user_id, guild_id=guild_id)
            return
        row = {
            "user_id": user_id,
            "guild_id": guild_id,
            "speed": float(speed),
            "pitch_semitones": pitch_semitones,
        }
        async with self._database.transaction():
            await self._remember(user_id)
            await self._database.upsert("member_tunings", row, key="user_id, guild_id")

    async def moderate(
        self, user_id: int, guild_id: int, *, volume_percent: int, stock_voice: str | None
    ) -> None:
        """Remember what moderators decided; nothing of whom they let sound as anybody."""
        person = self._pseudonym(user_id)
        if volume_percent == 100 and stock_voice is None:
            await self._database.delete("moderated_sounds", guild_id=guild_id, person=person)
            return
        row: dict[str, int | str | None] = {
            "guild_id": guild_id,
            "person": person,
            "volume_percent": volume_percent,
            "stock_voice": stock_voice,
        }
        await self._database.upsert("moderated_sounds", row, key="guild_id, person")
