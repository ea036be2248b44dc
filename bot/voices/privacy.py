"""What is known about a person: shown, exported, deleted. And what a server leaves behind.

`delete` is the one way a person goes, whoever asks for it.
"""

import asyncio
import io
import json
import logging
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from enum import Enum
from typing import NamedTuple

from bot.base.objects import Objects
from bot.base.turns import FairTurns
from bot.catalogue import Said, Sentence
from bot.speech.line_languages import LineLanguages
from bot.speech.pronouncing import Pronouncing
from bot.voices.consent import CONSENT_TEXTS, PERMISSION_TEXTS
from bot.voices.forgetting import Forgetting
from bot.voices.references import clip_digest
from bot.voices.registration import Registration
from data.store import Store

_EXPORTS_AT_ONCE = 2
_EXPORTS_WAITING = 50
_TOO_MANY = Sentence("Many others want their data just now. Please try again in a minute.")

log = logging.getLogger(__name__)


class DeletionReason(Enum):
    """Who wants a person's data deleted, and why: the kinds that Red's cogs know.

    See "Data deletion" in Red-DiscordBot's guide for developers (`red_delete_data_for_user`).
    """

    ASKED = "user"
    ASKED_STRICTLY = "user_strict"
    ACCOUNT_GONE = "discord_deleted_user"
    OWNER = "owner"

    @property
    def keeps_bars(self) -> bool:
        """Whether what moderators decided outlives the person."""
        return self in (DeletionReason.ASKED, DeletionReason.ASKED_STRICTLY)

    @property
    def keeps_reports(self) -> bool:
        """Whether reports that nobody has handled do."""
        return self is DeletionReason.ASKED


class Deletion(NamedTuple):
    """How many voices went, and whether the database's log is empty already.

    It is not while another program reads the database, as a backup does.
    """

    voices: int
    complete: bool

    @property
    def remains(self) -> Said | None:
        """What an answer has to add, if anything."""
        if self.complete:
            return None
        return Sentence(
            "Another program, perhaps a backup, is reading my database. Traces of the deleted "
            "data stay in a log file until it is done, usually within an hour. Then I empty that "
            "file."
        )


class Privacy:
    """Reads and deletes by person."""

    def __init__(
        self,
        store: Store,
        objects: Objects,
        registration: Registration,
        forgetting: Forgetting,
        pronouncing: Pronouncing,
        *,
        languages: LineLanguages,
    ) -> None:
        self._store = store
        self._objects = objects
        self._registration = registration
        self._forgetting = forgetting
        self._languages = languages
        self._pronouncing = pronouncing
        self._exports = FairTurns(_EXPORTS_AT_ONCE, _EXPORTS_WAITING, _TOO_MANY)

    async def counts(self, user_id: int) -> dict[str, int]:
        """How many rows there are about a person, by table; only those with any."""
        held = await self._store.personal.rows_about(user_id, clip_digest)
        return {table: len(rows) for table, rows in held.items() if rows}

    @asynccontextmanager
    async def exported(self, user_id: int) -> AsyncIterator[bytes]:
        """A ZIP of a person's rows (`data.json`), clips and consent texts, until it is sent.

        With those that others have of their voice, by their permission.

        Ids are strings in it: JSON's readers round large numbers. Raises `UserError` where too many
        ask for theirs at once: each is in memory as a whole.
        """
        async with self._exports.turn(0, user_id):
            held = await self._store.personal.rows_about(user_id, clip_digest)
            voices = await self._store.voices.of_owner(user_id)
            permissions = await self._store.permissions.given_by(user_id)
            agreed = _agreed_to(
                {voice.consent_version for voice in voices},
                {permission.text_version for permission in permissions},
            )
            voices += await self._store.permissions.voices_of(user_id)
            clips: dict[int, bytes] = {}
            for voice in voices:
                with suppress(FileNotFoundError):  # the janitor will clear the row
                    clips[voice.voice_id] = await self._objects.get(voice.clip_path, bytes)
            yield await asyncio.to_thread(_zip, held, clips, agreed)

    async def delete(self, user_id: int, reason: DeletionReason = DeletionReason.ASKED) -> Deletion:
        """Delete a person: what they asked to hear, drafts, voices, rows.

        The voices that others have of them go, too.
        """
        async with self._forgetting.person(user_id), self._registration.closed_to(user_id):
            voices = await self._store.voices.of_owner(user_id)
            voices += await self._store.permissions.voices_of(user_id)
            await self._forgetting.voices(voices)
            await self._store.personal.delete(
                user_id, keep_bars=reason.keeps_bars, keep_reports=reason.keeps_reports
            )
            self._pronouncing.forget(user_id)
            self._languages.forget(user_id)
        complete = await self._store.purge()
        log.info("a person was deleted", extra={"voices": len(voices)})
        return Deletion(len(voices), complete)

    async def clean_guild(self, guild_id: int) -> None:
        left = await self._store.departed_guilds.voices_left_behind(guild_id)
        await self._forgetting.voices(left)
        await self._forgetting.guild(guild_id)
        await self._store.departed_guilds.clean(guild_id)
        await self._store.personal.forget_strangers()
        await self._store.purge()
        log.info("a server was cleaned", extra={"guild": guild_id, "voices": len(left)})


def _agreed_to(consents: set[int], permissions: set[int]) -> dict[str, str]:
    """The texts of these versions, by the name of their file in an export."""
    kinds = {"consent": (consents, CONSENT_TEXTS), "permission": (permissions, PERMISSION_TEXTS)}
    return {
        f"{kind}/{version}.txt": texts[version]
        for kind, (versions, texts) in kinds.items()
        for version in sorted(versions & set(texts))
    }


def _zip(
    held: Mapping[str, object], clips: Mapping[int, bytes], agreed: Mapping[str, str]
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(_with_text_ids(held), indent=2))
        for name, text in agreed.items():
            archive.writestr(name, text)
        for voice_id, clip in clips.items():
            # Named by number: a name may hold what a file name cannot.
            archive.writestr(f"clips/{voice_id}.flac", clip)
    return out.getvalue()


def _with_text_ids(value: object) -> object:
    match value:
        case Mapping():
            return {
                key: str(inner)
                if key.endswith("_id") and inner is not None
                else _with_text_ids(inner)
                for key, inner in value.items()
            }
        case list():
            return [_with_text_ids(inner) for inner in value]
        case _:
            return value
