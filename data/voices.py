"""Users and the voices they own."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from data.errors import VoiceNameTaken
from data.part import StorePart
from data.rows import NewVoice, UserRow, VoiceRow

_CLIP_COLUMNS = ("clip_sha256", "clip_path", "duration_s", "consent_version", "consented_at")
_PARAMETER_COLUMNS = ("exaggeration", "cfg_weight", "temperature", "seed")


class UserStore(StorePart):
    """Everybody who has used the bot. Deleting a user's row deletes all that is theirs."""

    async def touch(self, user_id: int) -> None:
        """Remember that this person uses the bot; does nothing from the second time on."""
        await self._remember(user_id)

    async def get(self, user_id: int) -> UserRow | None:
        return await self._database.first(UserRow, "SELECT * FROM users WHERE user_id = ?", user_id)

    async def delete(self, user_id: int) -> bool:
        """Delete a person and, by cascade, every row about them; whether there was one.

        Files are the caller's: what lies in them has to be gone before.
        """
        return bool(await self._database.delete("users", user_id=user_id))


class VoiceStore(StorePart):
    """The voices that members registered."""

    async def insert(self, voice: NewVoice) -> VoiceRow:
        """Store a new voice, and its owner if they are new too.

        Raises `VoiceNameTaken`, having changed nothing.
        """
        columns = msgspec.structs.asdict(voice) | {"created_at": self._clock()}
        with _one_name_for_each_owner(voice.name):
            async with self._database.transaction():
                await self._remember(voice.owner_id)
                voice_id = await self._database.insert("voices", columns)
        return VoiceRow(voice_id=voice_id, **columns)

    async def get(self, voice_id: int) -> VoiceRow | None:
        """The voice with this id, whoever owns it: the caller decides who may use it."""
        return await self._database.first(
            VoiceRow, "SELECT * FROM voices WHERE voice_id = ?", voice_id
        )

    async def find(self, owner_id: int, name: str) -> VoiceRow | None:
        """An owner's voice of this name; the case of A-Z does not matter."""
        return await self._database.first(
            VoiceRow, "SELECT * FROM voices WHERE owner_id = ? AND name = ?", owner_id, name
        )

    async def owned_by(self, user_id: int, guild_id: int | None) -> list[VoiceRow]:
        """A person's own voices for a server (None: outside of any), by name."""
        return await self._select(
            "WHERE owner_id = ? AND (guild_id IS NULL OR guild_id = ?) ORDER BY name",
            user_id,
            guild_id,
        )

    async def of_owner(self, owner_id: int) -> list[VoiceRow]:
        return await self._select("WHERE owner_id = ? ORDER BY name", owner_id)

    async def all(self) -> list[VoiceRow]:
        return await self._select("ORDER BY voice_id")

    async def with_clip(self, clip_sha256: str) -> list[VoiceRow]:
        return await self._select("WHERE clip_sha256 = ? ORDER BY voice_id", clip_sha256)

    async def count(self, *, owner_id: int) -> int:
        return await self._count("owner_id", owner_id)

    async def count_from(self, guild_id: int) -> int:
        """How many voices were registered in a server."""
        return await self._count("origin_guild_id", guild_id)

    async def rename(self, voice: VoiceRow, name: str) -> None:
        """Give a voice another name. Raises `VoiceNameTaken`, having changed nothing."""
        with _one_name_for_each_owner(name):
            await self._database.update("voices", {"name": name}, voice_id=voice.voice_id)

    async def replace_clip(self, voice_id: int, new: NewVoice) -> bool:
        """Put the clip of `new`, with its own consent, behind a voice; whether it still exists.

        Rows derived from the former clip go by `Forgetting`, not here.
        """
        return await self._update(voice_id, new, _CLIP_COLUMNS)

    async def adjust(self, voice: VoiceRow) -> None:
        await self._update(voice.voice_id, voice, _PARAMETER_COLUMNS)

    async def delete(self, voice_id: int, clip_path: str) -> bool:
        """Delete a voice's row and what hangs on it, if its clip still is that at `clip_path`.

        Whether it was. Its files go before.
        """
        return bool(await self._database.delete("voices", voice_id=voice_id, clip_path=clip_path))

    async def _count(self, column: str, value: int) -> int:
        sql = f"SELECT count(*) FROM voices WHERE {column} = ?"  # noqa: S608 - of this file
        (count,) = await self._database.column(sql, value)
        return int(count)

    async def _update(self, voice_id: int, new: NewVoice, columns: tuple[str, ...]) -> bool:
        changes = {column: getattr(new, column) for column in columns}
        return bool(await self._database.update("voices", changes, voice_id=voice_id))

    async def _select(self, condition: str, *values: int | str | None) -> list[VoiceRow]:
        return await self._database.select(VoiceRow, f"SELECT * FROM voices {condition}", *values)  # noqa: S608 - constants of this file


@contextmanager
def _one_name_for_each_owner(name: str) -> Iterator[None]:
    """Raise `VoiceNameTaken` for this one of the table's rules; others are no fault of the name."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        if "UNIQUE constraint failed: voices.owner_id, voices.name" in str(error):
            raise VoiceNameTaken(f"You already have a voice called {name}.") from error
        raise
