"""Who speaks in whose voice, for those who moderate; and when a voice was last spoken in."""

from data.columns import Value, given, matching
from data.part import StorePart
from data.rows import VoiceRow, VoiceUse

_DAY_S = 86_400


class VoiceUseStore(StorePart):
    """Uses by day. Days are counted from 1970 in UTC."""

    async def note(self, voice: VoiceRow, user_id: int, guild_id: int) -> None:
        """Note that somebody speaks in a voice, theirs or another member's."""
        now = self._clock()
        long_ago = voice.used_at is None or now - voice.used_at > _DAY_S
        borrowed = voice.owner_id != user_id and guild_id
        if not long_ago and not borrowed:  # nearly every line
            return
        async with self._database.transaction():
            if long_ago:
                await self._database.update("voices", {"used_at": now}, voice_id=voice.voice_id)
            if borrowed:
                await self._remember(user_id)
                row = {
                    "guild_id": guild_id,
                    "voice_id": voice.voice_id,
                    "user_id": user_id,
                    "day": int(now // _DAY_S),
                }
                await self._database.insert("voice_uses", row, unless_known=True)

    async def of_guild(self, guild_id: int, voice_id: int | None = None) -> list[VoiceUse]:
        """Who spoke in whose voice in a server, the latest first; in one voice alone, if named."""
        key: dict[str, Value] = {"voice_uses.guild_id": guild_id}
        if voice_id is not None:
            key["voice_id"] = voice_id
        return await self._database.select(
            VoiceUse,
            "SELECT voice_id, name, owner_id, user_id, count(*) AS days, "  # noqa: S608 - columns
            "max(day) AS last_day "
            "FROM voice_uses JOIN voices USING (voice_id) "
            f"WHERE {matching(key)} GROUP BY voice_id, name, owner_id, user_id "
            "ORDER BY last_day DESC, days DESC, voice_id, user_id",
            *given(key),
        )

    async def forget_before(self, kept_s: float) -> int:
        """Delete what is older; returns how many rows that were."""
        day = int((self._clock() - kept_s) // _DAY_S)
        return await self._database.execute("DELETE FROM voice_uses WHERE day < ?", day)
