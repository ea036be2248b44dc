"""Everything that is stored, in one object: open it, use its parts, close it."""

import secrets
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Self

from data.bars import BarStore
from data.cache_keys import ConditionalsStore, SpeechStore
from data.database import Database
from data.databases import open_database
from data.departed_guilds import DepartedGuildStore
from data.guild_settings import GuildSettingsStore
from data.homes import HomeStore
from data.live import ExclusionStore, LiveBindingStore
from data.local_clips import LocalClipStore
from data.member_languages import MemberLanguageStore
from data.member_sounds import MemberSoundStore
from data.member_words import MemberWordsStore
from data.moving import clear_rows, copy_rows
from data.pauses import PauseStore
from data.personal import PersonalDataStore
from data.processes import ProcessStore
from data.pronunciations import PronunciationStore
from data.pseudonyms import Pseudonym, pseudonyms
from data.reports import ReportStore
from data.statistics import StatisticsStore
from data.voice_choices import VoiceChoiceStore
from data.voice_moderation import VoiceModerationStore
from data.voice_permissions import VoicePermissionStore
from data.voice_shares import VoiceShareStore
from data.voice_uses import VoiceUseStore
from data.voices import VoiceStore
from data.welcomes import WelcomeStore


class Store:
    """The open database by subject. Each method of a part is atomic by itself.

    `clock` gives UTC in Unix seconds, `pseudonym` what a person is known by after their deletion.
    """

    def __init__(
        self, database: Database, clock: Callable[[], float], pseudonym: Pseudonym
    ) -> None:
        self._database = database
        self.pseudonym = pseudonym
        self.voices = VoiceStore(database, clock)
        self.personal = PersonalDataStore(database, clock, pseudonym)
        self.shares = VoiceShareStore(database, clock)
        self.permissions = VoicePermissionStore(database, clock)
        self.choices = VoiceChoiceStore(database, clock)
        self.member_languages = MemberLanguageStore(database, clock)
        self.member_words = MemberWordsStore(database, clock)
        self.sounds = MemberSoundStore(database, clock, pseudonym)
        self.moderation = VoiceModerationStore(database, clock)
        self.bars = BarStore(database, clock, pseudonym)
        self.uses = VoiceUseStore(database, clock)
        self.reports = ReportStore(database, clock, pseudonym)
        self.departed_guilds = DepartedGuildStore(database, clock)
        self.welcomes = WelcomeStore(database, clock)
        self.guild_settings = GuildSettingsStore(database, clock)
        self.exclusions = ExclusionStore(database, clock, pseudonym)
        self.live_bindings = LiveBindingStore(database, clock)
        self.pronunciations = PronunciationStore(database, clock)
        self.local_clips = LocalClipStore(database, clock)
        self.conditionals = ConditionalsStore(database, clock)
        self.speech = SpeechStore(database, clock)
        self.statistics = StatisticsStore(database, clock)
        self.processes = ProcessStore(database, clock)
        self.pauses = PauseStore(database, clock)
        self.homes = HomeStore(database, clock)

    @classmethod
    async def open(
        cls,
        where: Path | str,
        clock: Callable[[], float] = time.time,
        new_key: Callable[[], str] = secrets.token_hex,
    ) -> Self:
        """Open or create a database: SQLite's at a path, PostgreSQL's at an address.

        Raises `DatabaseUnusable`.
        """
        database = await open_database(where)
        try:
            return cls(database, clock, await pseudonyms(database, new_key))
        except BaseException:
            await database.close()
            raise

    @property
    def place(self) -> str:
        """Where the database is, for whoever runs the bot; without a password."""
        return self._database.place

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """Make several calls one transaction: `async with store.transaction(): ...`.

        Inside, await nothing but this store, from this task alone; everybody else waits meanwhile.
        """
        return self._database.transaction()

    async def copy_to(self, where: Path | str, home: str | None = None) -> int:
        """Copy every row to a database that is empty, and compare; returns how many rows there are.

        `home` is noted there, see `HomeStore`. One that has the very same rows already is left as
        it is. Raises `DatabaseUnusable` for
        another one, and for rows that it does not take; then nothing was copied.
        """
        target = await open_database(where)
        try:
            return await copy_rows(self._database, target, home)
        finally:
            await target.close()

    async def clear(self) -> None:
        """Delete every row of a PostgreSQL, once all are elsewhere."""
        await clear_rows(self._database)

    async def purge(self) -> bool:
        """Let nothing that was deleted be found in SQLite's files any more, nor by PostgreSQL.

        False while another program reads them: it is done as soon as that one is.
        """
        return await self._database.purge()

    async def close(self) -> None:
        """Wait for what is under way and close the database; later calls raise `DatabaseClosed`."""
        await self._database.close()
