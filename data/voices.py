"""Users and the voices they own."""

import sqlite3
from collections.abc import Callable

from data.database import Database
from data.errors import VoiceNameTaken
from data.rows import User, VoiceRow, typed


class Users:
    """Everybody who has used the bot. Deleting a user's row deletes all that is theirs."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def touch(self, user_id: int) -> None:
        """Remember that this person uses the bot; does nothing from the second time on."""
        await self._database.execute(
            "INSERT OR IGNORE INTO users (user_id, created_at) VALUES (?, ?)",
            user_id,
            self._clock(),
        )

    async def get(self, user_id: int) -> User | None:
        """The row of a person, None if they never used the bot."""
        rows = await self._database.fetch("SELECT * FROM users WHERE user_id = ?", user_id)
        return typed(rows[0], User) if rows else None


class Voices:
    """The voices that members registered."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._users = Users(database, clock)

    async def insert(
        self,
        *,
        owner_id: int,
        guild_id: int | None,
        name: str,
        clip_sha256: str,
        clip_path: str,
        duration_s: float,
        consent_version: int,
        consented_at: float,
    ) -> VoiceRow:
        """Store a new voice, and its owner if they are new too.

        Raises `VoiceNameTaken`, having changed nothing.
        """
        created_at = self._clock()
        try:
            async with self._database.transaction():
                await self._users.touch(owner_id)
                voice_id = await self._database.insert(
                    "INSERT INTO voices (owner_id, guild_id, name, clip_sha256, clip_path, "
                    "duration_s, consent_version, consented_at, created_at) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    owner_id,
                    guild_id,
                    name,
                    clip_sha256,
                    clip_path,
                    duration_s,
                    consent_version,
                    consented_at,
                    created_at,
                )
        except sqlite3.IntegrityError as error:
            if "voices.name" in str(error):
                raise VoiceNameTaken(f"You already have a voice called {name}.") from error
            raise
        return VoiceRow(
            voice_id=voice_id,
            owner_id=owner_id,
            guild_id=guild_id,
            name=name,
            clip_sha256=clip_sha256,
            clip_path=clip_path,
            duration_s=duration_s,
            consent_version=consent_version,
            consented_at=consented_at,
            created_at=created_at,
        )

    async def get(self, voice_id: int) -> VoiceRow | None:
        """The voice with this id, whoever owns it: the caller decides who may use it."""
        rows = await self._database.fetch("SELECT * FROM voices WHERE voice_id = ?", voice_id)
        return typed(rows[0], VoiceRow) if rows else None

    async def find(self, owner_id: int, name: str) -> VoiceRow | None:
        """An owner's voice of this name; the case of A-Z does not matter."""
        rows = await self._database.fetch(
            "SELECT * FROM voices WHERE owner_id = ? AND name = ?", owner_id, name
        )
        return typed(rows[0], VoiceRow) if rows else None

    async def usable_by(self, user_id: int, guild_id: int | None) -> list[VoiceRow]:
        """The voices a person may speak with in a server (None: outside of any), by name."""
        rows = await self._database.fetch(
            "SELECT * FROM voices WHERE owner_id = ? AND (guild_id IS NULL OR guild_id = ?) "
            "ORDER BY name",
            user_id,
            guild_id,
        )
        return [typed(row, VoiceRow) for row in rows]
