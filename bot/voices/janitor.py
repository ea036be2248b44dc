"""Keeps the database and the files under TIMBRE_HOME true to each other.

At the first process's start nothing is under way, so whatever does not belong goes at once. Later,
only what has been lying about for `SETTLED_S`: younger things may be on their way to belonging. One
process does for all what is done every day.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from bot.base.home import CLIPS, CONDITIONALS, SPEECH, UPLOADS
from bot.base.objects import FolderObjects, Objects
from bot.base.peers import Peers
from bot.base.recorded_files import RecordedFiles, remove_unknown
from bot.voices.forgetting import Forgetting
from bot.voices.likeness import VOICEPRINT_KEPT_S
from bot.voices.privacy import Privacy
from data.store import Store

INTERVAL_S = 24 * 3600.0
SETTLED_S = 3600.0
#: What is made of a recording named on the command line is kept this long after its last use.
LOCAL_CLIP_KEPT_S = 30 * 24 * 3600.0

#: Who spoke in whose voice is known for so long.
USES_KEPT_S = 30 * 24 * 3600.0
HANDLED_REPORT_KEPT_S = 30 * 24 * 3600.0

log = logging.getLogger(__name__)


class Janitor:
    """`clock` gives UTC in Unix seconds; `grace_s` is how long a server may be gone.

    `speech_kept_s` is how old rendered speech may become, `unused_s` how long nobody may speak in a
    voice before it is deleted; 0 is for ever.
    """

    def __init__(
        self,
        store: Store,
        home: Path,
        forgetting: Forgetting,
        privacy: Privacy,
        peers: Peers,
        *,
        objects: Objects,
        grace_s: float,
        speech_kept_s: float,
        unused_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._here = FolderObjects(home)
        self._objects = objects
        self._forgetting = forgetting
        self._privacy = privacy
        self._peers = peers
        self._grace_s = grace_s
        self._speech_kept_s = speech_kept_s
        self._unused_s = unused_s
        self._clock = clock
        self._conditionals = RecordedFiles(self._here, CONDITIONALS, store.conditionals)
        self._renderings = RecordedFiles(objects, SPEECH, store.speech)

    async def start(self) -> None:
        """Tidy up, all of it while nothing is under way. A failure is logged: speech works."""
        await self._try(self.tidy(settled_s=0.0 if self._peers.first else SETTLED_S))
        await self._try(self._store.purge())  # what a process that was killed may owe

    async def run(self) -> None:
        """Tidy up once a day, for ever. A failure is logged and waits for the next day."""
        while True:
            await asyncio.sleep(INTERVAL_S)
            await self._try(self._every_day())

    async def _every_day(self) -> None:
        if await self._peers.leads():
            await self._try(self.tidy(settled_s=SETTLED_S))
            await self._try(self.clean_departed())
        elif self._objects.elsewhere:  # nobody else sees this machine's files
            await self._try(self._files_here_without_row(self._clock() - SETTLED_S))

    async def connected(self, guild_ids: Iterable[int]) -> None:
        """Note the servers of this process; clean what others left behind. A failure is logged."""
        await self._try(self._store.departed_guilds.present(guild_ids, self._peers.owns))
        await self._try(self.clean_departed())

    async def _try(self, work: Awaitable[object]) -> None:
        try:
            await work
        except Exception:
            log.exception("tidying up failed")

    async def tidy(self, *, settled_s: float = 0.0) -> int:
        """Make rows and files agree; how many things went.

        What is younger than `settled_s` is left alone; with 0 nothing is, not even what a clock
        that was set back since says is of tomorrow.
        """
        before = self._clock() - settled_s if settled_s else math.inf
        gone = await self._voices_without_clip() + await self._unused_voices()
        gone += await self._made_of_no_voice(before)
        if not self._objects.elsewhere:  # else they are noted of every machine
            gone += await self._conditionals.remove_missing(before)
        gone += await self._renderings.remove_missing(before)
        too_old = await self._store.speech.made_before(self._clock() - self._speech_kept_s)
        gone += await self._renderings.remove(too_old)
        gone += await self._files_without_row(before)
        gone += await self._store.reports.forget_handled(HANDLED_REPORT_KEPT_S)
        gone += await self._store.bars.forget_ended()
        gone += await self._store.uses.forget_before(USES_KEPT_S)
        gone += await self._store.moderation.forget_voiceprints(VOICEPRINT_KEPT_S)
        gone += await self._store.pauses.forget_over()
        gone += await self._store.personal.forget_strangers()
        if gone:
            log.info("tidied up", extra={"removed": gone})
        return gone

    async def clean_departed(self) -> None:
        """Clean servers that are due. Not before it is known which ones the bot is in now."""
        for guild_id in await self._store.departed_guilds.due(self._grace_s):
            await self._privacy.clean_guild(guild_id)

    async def _voices_without_clip(self) -> int:
        voices = await self._store.voices.all()
        lost = await self._objects.missing(voice.clip_path for voice in voices)
        # One that was given another clip in between has one.
        now = {voice.clip_path for voice in await self._store.voices.all()} if lost else set()
        missing = [voice for voice in voices if voice.clip_path in lost & now]
        for voice in missing:
            log.warning("a voice lost its clip", extra={"voice": voice.voice_id})
        await self._forgetting.voices(missing)
        return len(missing)

    async def _unused_voices(self) -> int:
        unused = await self._store.voices.unused(self._unused_s) if self._unused_s else []
        for voice in unused:
            log.info("an unused voice is deleted", extra={"voice": voice.voice_id})
        await self._forgetting.voices(unused)
        return len(unused)

    async def _made_of_no_voice(self, before: float) -> int:
        await self._store.local_clips.forget_unused(LOCAL_CLIP_KEPT_S)
        known = {(voice.owner_id, voice.clip_sha256) for voice in await self._store.voices.all()}
        known |= {(0, clip_sha256) for clip_sha256 in await self._store.local_clips.all()}
        enrolled, spoken = await self._store.conditionals.all(), await self._store.speech.all()
        made = {row.voice_identity for row in enrolled if row.created_at <= before}
        made |= {row.voice_identity for row in spoken if row.created_at <= before}
        split = [identity.split(":") for identity in made]
        orphaned = {(int(one[1]), one[2]) for one in split if one[0] == "clip"} - known
        for owner_id, clip_sha256 in orphaned:
            await self._forgetting.clip(owner_id, clip_sha256)
        return len(orphaned)

    async def _files_without_row(self, before: float) -> int:
        async def clips() -> set[str]:
            return {voice.clip_path for voice in await self._store.voices.all()}

        gone = await remove_unknown(self._objects, CLIPS, clips, before)
        gone += await self._renderings.remove_unknown(before)
        return gone + await self._files_here_without_row(before)

    async def _files_here_without_row(self, before: float) -> int:
        async def none() -> set[str]:
            return set()

        gone = await remove_unknown(self._here, UPLOADS, none, before)
        return gone + await self._conditionals.remove_unknown(before)
