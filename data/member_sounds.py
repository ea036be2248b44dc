"""How each member sounds in each server: by their own choice, and by that of moderators."""

from data.bars import COUNTS, BarRow
from data.pseudonyms import PseudonymousPart
from data.rows import MemberSound, typed

_SOUND = (
    "coalesce(t.speed, 1.0) AS speed, coalesce(t.pitch_semitones, 0) AS pitch_semitones, "
    "coalesce(m.volume_percent, 100) AS volume_percent, m.stock_voice"
)
_OF_MEMBER = (
    "FROM (SELECT 1) AS one_row "
    "LEFT JOIN member_tunings AS t ON t.user_id = ? AND t.guild_id = ? "
    "LEFT JOIN moderated_sounds AS m ON m.person = ? AND m.guild_id = ?"
)


class MemberSoundStore(PseudonymousPart):
    """What moderators chose is known by people's codes: deleting one's data undoes nothing."""

    async def of(self, user_id: int, guild_id: int) -> MemberSound:
        (sound,) = await self._database.select(
            MemberSound,
            f"SELECT {_SOUND} {_OF_MEMBER}",
            user_id,
            guild_id,
            self._pseudonym(user_id),
            guild_id,
        )
        return sound

    async def with_bars(self, user_id: int, guild_id: int) -> tuple[MemberSound, list[BarRow]]:
        """How a member sounds, and how they are barred there and everywhere; each line asks."""
        person = self._pseudonym(user_id)
        rows = await self._database.lookup(
            f"SELECT {_SOUND}, b.guild_id, b.kind, b.ends_at {_OF_MEMBER} "
            f"LEFT JOIN bars AS b ON {COUNTS}",
            user_id,
            guild_id,
            person,
            guild_id,
            person,
            guild_id,
            self._clock(),
        )
        bars = [typed(row, BarRow) for row in rows if row["kind"] is not None]
        return typed(rows[0], MemberSound), bars

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
