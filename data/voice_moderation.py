"""Which voices a server has to do with, and which its moderators disabled."""

from data.part import StorePart
from data.rows import CopiedClip, DisabledClip, VoiceRow


class VoiceModerationStore(StorePart):
    """Heard and disabled voices by server."""

    async def heard(self, voice_id: int, guild_id: int) -> None:
        """Note that a voice was spoken in in a server."""
        row = {"guild_id": guild_id, "voice_id": voice_id}
        await self._database.insert("heard_voices", row, unless_known=True)

    async def heard_of(self, owner_id: int, guild_id: int) -> list[VoiceRow]:
        """A member's own voices that they named in a server to speak in, the newest first."""
        return await self._database.select(
            VoiceRow,
            "SELECT voices.* FROM voices JOIN heard_voices AS h USING (voice_id) "
            "WHERE h.guild_id = ? AND owner_id = ? ORDER BY voice_id DESC",
            guild_id,
            owner_id,
        )

    async def note_copy(self, guild_id: int, user_id: int) -> None:
        """Note that a person sent a clip that is another member's voice; of several, the last."""
        async with self._database.transaction():
            await self._remember(user_id)
            row = CopiedClip(guild_id=guild_id, user_id=user_id, sent_at=self._clock())
            await self._database.upsert("copied_clips", row, key="guild_id, user_id")

    async def copies(self, guild_id: int) -> list[CopiedClip]:
        order = "sent_at DESC, user_id"
        return await self._database.rows(CopiedClip, "copied_clips", order=order, guild_id=guild_id)

    async def disable(self, voice_id: int, guild_id: int | None) -> None:
        """Forbid a voice in a server or (None) in every one."""
        now = self._clock()
        if guild_id is None:
            await self._database.update("voices", {"disabled_at": now}, voice_id=voice_id)
            return
        row = {"guild_id": guild_id, "voice_id": voice_id, "disabled_at": now}
        await self._database.insert("disabled_voices", row, unless_known=True)

    async def enable(self, voice_id: int, guild_id: int | None) -> bool:
        """Allow a voice again where it was forbidden so; whether it was in that server."""
        if guild_id is None:
            await self._database.update("voices", {"disabled_at": None}, voice_id=voice_id)
        return bool(
            await self._database.delete("disabled_voices", voice_id=voice_id, guild_id=guild_id)
        )

    async def disabled_in(self, guild_id: int) -> set[int]:
        return set(
            await self._database.column(
                "SELECT voice_id FROM disabled_voices WHERE guild_id = ?", guild_id
            )
        )

    async def disable_clip(self, clip_digest: str, guild_id: int | None) -> None:
        """Forbid whatever is made from a clip, in a server or (None) in every one."""
        row = DisabledClip(guild_id=guild_id, clip_digest=clip_digest, disabled_at=self._clock())
        await self._database.insert("disabled_clips", row, unless_known=True)

    async def describe_clip(
        self, clip_digest: str, guild_id: int | None, voiceprint: bytes
    ) -> None:
        """Note how the voice in a forbidden clip sounds, if it still is forbidden there."""
        await self._database.update(
            "disabled_clips",
            {"voiceprint": voiceprint},
            clip_digest=clip_digest,
            guild_id=guild_id,
        )

    async def disabled_voiceprints(self, guild_id: int) -> list[bytes]:
        """Those of all clips that are forbidden in a server, by whomever."""
        return await self._database.column(
            "SELECT DISTINCT voiceprint FROM disabled_clips "
            "WHERE voiceprint IS NOT NULL AND (guild_id = ? OR guild_id IS NULL)",
            guild_id,
        )

    async def forget_voiceprints(self, kept_s: float) -> int:
        """Forget those of clips that were forbidden longer ago; the digests stay."""
        return await self._database.execute(
            "UPDATE disabled_clips SET voiceprint = NULL "
            "WHERE voiceprint IS NOT NULL AND disabled_at < ?",
            self._clock() - kept_s,
        )

    async def enable_clip(self, clip_digest: str, guild_id: int | None) -> bool:
        """Allow a clip again in a server, or where it was forbidden in all; whether it was."""
        return bool(
            await self._database.delete(
                "disabled_clips", clip_digest=clip_digest, guild_id=guild_id
            )
        )

    async def disabled_digests(self, guild_id: int) -> dict[str, float]:
        """The digests of all clips that are forbidden in a server, by whomever, and since when."""
        rows = await self._database.fetch(
            "SELECT clip_digest, min(disabled_at) AS since FROM disabled_clips "
            "WHERE guild_id = ? OR guild_id IS NULL GROUP BY clip_digest",
            guild_id,
        )
        return {row["clip_digest"]: row["since"] for row in rows}

    async def disabled_clips(self, guild_id: int | None) -> list[DisabledClip]:
        """The clips forbidden in a server itself, or (None) by the bot's owner, newest first."""
        order = "disabled_at DESC, clip_digest"
        return await self._database.rows(
            DisabledClip, "disabled_clips", order=order, guild_id=guild_id
        )

    async def known_in(self, guild_id: int) -> list[VoiceRow]:
        """The voices a server has to do with: registered, shared, chosen, heard or forbidden."""
        return await self._database.select(
            VoiceRow,
            "SELECT * FROM voices WHERE guild_id = ? OR origin_guild_id = ? OR voice_id IN ("
            "SELECT voice_id FROM voice_shares WHERE guild_id = ? "
            "UNION SELECT voice_id FROM voice_choices WHERE guild_id = ? "
            "UNION SELECT voice_id FROM heard_voices WHERE guild_id = ? "
            "UNION SELECT voice_id FROM disabled_voices WHERE guild_id = ?) "
            "ORDER BY lower(name), voice_id",
            *([guild_id] * 6),
        )
