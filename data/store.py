"""Everything that is stored, in one object: open it, use its parts, close it."""

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Self

from data.cache_keys import ConditionalsKeys, SpeechKeys
from data.database import Database
from data.departed_guilds import DepartedGuilds
from data.guild_settings import GuildSettingsStore
from data.live import Exclusions, LiveBindings
from data.personal import PersonalData
from data.pronunciations import PronunciationStore
from data.voice_choices import VoiceChoices
from data.voice_moderation import VoiceModeration
from data.voice_shares import VoiceShares
from data.voices import Users, Voices


class Store:
    """The open database by subject. Each method of a part is atomic by itself.

    `clock` gives UTC in Unix seconds.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self.users = Users(database, clock)
        self.voices = Voices(database, clock)
        self.personal = PersonalData(database)
        self.shares = VoiceShares(database, clock)
        self.choices = VoiceChoices(database, clock)
        self.moderation = VoiceModeration(database, clock)
        self.departed_guilds = DepartedGuilds(database, clock)
        self.guild_settings = GuildSettingsStore(database)
        self.exclusions = Exclusions(database, clock)
        self.live_bindings = LiveBindings(database)
        self.pronunciations = PronunciationStore(database, clock)
        self.conditionals = ConditionalsKeys(database, clock)
        self.speech = SpeechKeys(database, clock)

    @classmethod
    async def open(cls, path: Path, clock: Callable[[], float] = time.time) -> Self:
        """Open or create the database at `path`. Raises `DatabaseUnusable`."""
        return cls(await Database.open(path), clock)

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """Make several calls one transaction: `async with store.transaction(): ...`.

        Inside, await nothing but this store, from this task alone; everybody else waits meanwhile.
        """
        return self._database.transaction()

    async def purge(self) -> None:
        """Let nothing that was deleted be found in the files of the database any more."""
        await self._database.fold_log()

    async def close(self) -> None:
        """Wait for what is under way and close the file; later calls raise `DatabaseClosed`."""
        await self._database.close()
