"""The voices that members own."""

import msgspec

from data.errors import VoiceNameTaken
from data.part import StorePart
from data.rows import NewVoice, VoiceRow

_CLIP_COLUMNS = (
    *("clip_sha256", "clip_path", "duration_s"),
    *("consent_version", "consented_at", "language"),
    *("proven_at", "statement_version", "words_heard", "likeness"),
)
_PARAMETER_COLUMNS = ("exaggeration", "cfg_weight", "temperature", "seed")


class VoiceStore(StorePart):
    """The voices that members registered."""

    async def insert(self, voice: NewVoice) -> VoiceRow:
        """Store a new voice, and its owner if they are new too.

        Raises `VoiceNameTaken`, having changed nothing.
        """
        columns = msgspec.structs.asdict(voice) | {"created_at": self._clock()}
        async with self._database.transaction():
            await self._require_free(voice.owner_id, voice.name)
            await self._remember(voice.owner_id)
            voice_id = await self._database.insert_numbered("voices", columns, number="voice_id")
        return VoiceRow(voice_id=voice_id, **columns)

    async def get(self, voice_id: int) -> VoiceRow | None:
        """The voice with this id, whoever owns it: the caller decides who may use it."""
        return await self._database.row(VoiceRow, "voices", voice_id=voice_id)

    async def find(self, owner_id: int, name: str) -> VoiceRow | None:
        """An owner's voice of this name; the case of A-Z does not matter."""
        found = await self._database.select(
            VoiceRow,
            "SELECT * FROM voices WHERE owner_id = ? AND lower(name) = lower(?)",
            owner_id,
            name,
        )
        return found[0] if found else None

    async def owned_by(self, user_id: int, guild_id: int | None) -> list[VoiceRow]:
        """A person's own voices for a server (None: outside of any), by name."""
        own = await self.of_owner(user_id)
        return [voice for voice in own if voice.guild_id in (None, guild_id)]

    async def of_owner(self, owner_id: int) -> list[VoiceRow]:
        return await self._database.rows(VoiceRow, "voices", order="lower(name)", owner_id=owner_id)

    async def all(self) -> list[VoiceRow]:
        return await self._database.rows(VoiceRow, "voices", order="voice_id")

    async def unused(self, for_s: float) -> list[VoiceRow]:
        """The voices that nobody has spoken in for so long."""
        return await self._database.select(
            VoiceRow,
            "SELECT * FROM voices WHERE coalesce(used_at, created_at) < ?",
            self._clock() - for_s,
        )

    async def with_clip(self, clip_sha256: str) -> list[VoiceRow]:
        return await self._database.rows(VoiceRow, "voices", clip_sha256=clip_sha256)

    async def owners_counted_in(self, guild_id: int) -> dict[int, int]:
        """How many voices each person registered in a server; disabled ones do not count."""
        rows = await self._database.fetch(
            "SELECT owner_id, count(*) AS voices FROM voices "
            "WHERE origin_guild_id = ? AND disabled_at IS NULL AND voice_id NOT IN "
            "(SELECT voice_id FROM disabled_voices WHERE guild_id = ?) GROUP BY owner_id",
            guild_id,
            guild_id,
        )
        return {row["owner_id"]: row["voices"] for row in rows}

    async def rename(self, voice: VoiceRow, name: str) -> None:
        """Give a voice another name. Raises `VoiceNameTaken`, having changed nothing."""
        async with self._database.transaction():
            await self._require_free(voice.owner_id, name, but=voice.voice_id)
            await self._database.update("voices", {"name": name}, voice_id=voice.voice_id)

    async def _require_free(self, owner_id: int, name: str, *, but: int | None = None) -> None:
        found = await self.find(owner_id, name)
        if found is not None and found.voice_id != but:
            raise VoiceNameTaken(f"You already have a voice called {name}.")

    async def replace_clip(self, voice_id: int, new: NewVoice) -> bool:
        """Put the clip of `new`, with its own consent, behind a voice; whether it still exists.

        Rows derived from the former clip go by `Forgetting`, not here.
        """
        return await self._update(voice_id, new, _CLIP_COLUMNS)

    async def adjust(self, voice: VoiceRow) -> None:
        await self._update(voice.voice_id, voice, _PARAMETER_COLUMNS)

    async def set_language(self, voice_id: int, language: str | None) -> None:
        await self._database.update("voices", {"language": language}, voice_id=voice_id)

    async def set_model(self, voice_id: int, model: str | None) -> None:
        await self._database.update("voices", {"model": model}, voice_id=voice_id)

    async def delete(self, voice_id: int, clip_path: str) -> bool:
        """Delete a voice's row and what hangs on it, if its clip still is that at `clip_path`.

        Whether it was. Its files go before.
        """
        return bool(await self._database.delete("voices", voice_id=voice_id, clip_path=clip_path))

    async def _update(self, voice_id: int, new: NewVoice, columns: tuple[str, ...]) -> bool:
        changes = {column: getattr(new, column) for column in columns}
        return bool(await self._database.update("voices", changes, voice_id=voice_id))
