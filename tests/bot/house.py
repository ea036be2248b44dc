"""The services around voices, real but for the engine (scripted) and the judge of clips."""

import asyncio
import hashlib
import random
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bot.base.metrics import Metrics
from bot.base.objects import FolderObjects, Objects
from bot.base.peers import Peers
from bot.base.shards import Shards
from bot.clips.judge import ClipLimits, ClipRefused, JudgedClip, Proven
from bot.clips.statement import Statement
from bot.speech.audio.cache import SpeechCache
from bot.speech.audio.codec import Codec
from bot.speech.detection import Detector
from bot.speech.line_languages import LineLanguages
from bot.speech.pronouncing import Pronouncing
from bot.speech.service import SpeechService
from bot.speech.voice_copies import VoiceCopies
from bot.text import PronunciationLimits
from bot.voices.bars import Bars
from bot.voices.choosing import Voices
from bot.voices.drafts import Draft, Wish
from bot.voices.enrolments import EnrolmentRecords
from bot.voices.forgetting import Forgetting
from bot.voices.janitor import Janitor
from bot.voices.keeping import VoiceKeeping
from bot.voices.limits import ClonedVoiceLimits, StatementLimits
from bot.voices.listening import PeerNotices
from bot.voices.moderation import VoiceModeration
from bot.voices.permission import Permissions
from bot.voices.place import Person
from bot.voices.privacy import Privacy
from bot.voices.proving import Proving
from bot.voices.registration import Judge, Registration
from bot.voices.sharing import Sharing
from bot.voices.uploads import Uploads
from data.rows import NewVoice, VoiceRow
from data.store import Store
from engine.executor import Executor
from tests.engine.scripted_executor import StartedWhenAsked, scripted_executor
from tests.store import Clock

ALICE, BOB, MOD, BOSS = 2**62 + 1, 2**62 + 2, 2**62 + 3, 2**62 + 4
SPEECH_KEPT_S = 90 * 86_400.0
UNUSED_S = 365 * 86_400.0
HERE, ELSEWHERE = 2**62 + 10, 2**62 + 11
OWNER, OTHER = Person(ALICE, HERE), Person(BOB, HERE)
MODERATOR = Person(MOD, HERE, moderates=True)
RUNS_THE_BOT = Person(BOSS, 0, runs_the_bot=True)


async def judge(upload: Path, limits: ClipLimits) -> JudgedClip:
    """Takes whatever does not say that it is bad, as it is; it sounds like its first word."""
    del limits
    content = await asyncio.to_thread(upload.read_bytes)
    if content.startswith(b"bad"):
        raise ClipRefused("I heard nothing.")
    digest = hashlib.sha256(content).hexdigest()
    sound = np.random.default_rng(zlib.crc32(content.split()[0])).standard_normal(256)
    voiceprint = (sound / np.linalg.norm(sound)).astype("<f4").tobytes()
    return JudgedClip(content, digest, 9.0, 8.0, 40.0, -20.0, 0.0, 0.9, voiceprint)


async def prove(recording: Path, clip: Path, statement: Statement, limits: ClipLimits) -> Proven:
    """Hears whatever says the words, by whomever."""
    del clip, limits
    if (await asyncio.to_thread(recording.read_text)).split() != list(statement.words):
        raise ClipRefused("I did not hear the words.")
    return Proven(words_heard=1.0, likeness=0.9)


async def nothing() -> None:
    """Nobody wants to know."""


@dataclass
class House:
    """Everything, and short ways to it."""

    home: Path
    clock: Clock
    store: Store
    executor: Executor
    enrolments: EnrolmentRecords
    speech: SpeechService
    voices: Voices
    sharing: Sharing
    bars: Bars
    registration: Registration
    proving: Proving
    permissions: Permissions
    keeping: VoiceKeeping
    moderation: VoiceModeration
    forgetting: Forgetting
    languages: LineLanguages
    privacy: Privacy
    pronouncing: Pronouncing
    janitor: Janitor

    def wish(self, owner_id: int, name: str, **other: object) -> Wish:
        """What somebody who agreed asks for."""
        values = {"guild_id": HERE, "agreed": True, "size_bytes": 100} | other
        return Wish(owner_id=owner_id, name=name, **values)  # type: ignore[arg-type]

    async def draft(self, wish: Wish, content: bytes) -> Draft:
        async def fetch(path: Path) -> None:
            await asyncio.to_thread(path.write_bytes, content)

        return await self.registration.draft(wish, fetch, nothing)

    async def register(self, owner_id: int, name: str, content: bytes | None = None) -> VoiceRow:
        """A voice that was kept."""
        draft = await self.draft(self.wish(owner_id, name), content or f"{owner_id}{name}".encode())
        self.clock.now += 100
        return await self.registration.keep(draft)

    async def copied(self, voice: VoiceRow, owner_id: int) -> VoiceRow:
        """A voice that somebody else has of the very clip."""
        content = await asyncio.to_thread((self.home / voice.clip_path).read_bytes)
        path = f"clips/{owner_id:032x}.flac"
        await asyncio.to_thread((self.home / path).write_bytes, content)
        values = {name: getattr(voice, name) for name in NewVoice.__struct_fields__}
        values |= {"owner_id": owner_id, "clip_path": path}
        return await self.store.voices.insert(NewVoice(**values))

    async def say(self, voice: VoiceRow, text: str, user_id: int = ALICE) -> bytes:
        speaker = self.voices.as_speaker(voice, Person(user_id, HERE))
        return await self.speech.saying([text], speaker).ogg()

    def files(self) -> set[str]:
        """What lies in the folders that are about people."""
        return {
            path.relative_to(self.home).as_posix()
            for folder in ("clips", "uploads", "conditionals", "speech")
            for path in (self.home / folder).rglob("*")
            if path.is_file()
        }

    def traces(self, needle: str) -> list[str]:
        """The files in which some text can be found, the engine's journal aside."""
        return [
            path.name
            for path in self.home.rglob("*")
            if path.is_file() and path.name != "journal" and needle.encode() in path.read_bytes()
        ]


@asynccontextmanager
async def a_house(
    home: Path,
    *,
    judging: Judge = judge,
    demand: Literal["off", "always", "own"] = "off",
    shards: Shards | None = None,
    objects: Objects | None = None,
    database: str | None = None,
    **limits: Any,
) -> AsyncIterator[House]:
    """Open one with its files in `home`; with `shards` it is one of several that share them.

    Or in `objects`, with the rows in the PostgreSQL `database`.
    """
    objects = objects or FolderObjects(home)
    clock = Clock(time.time())  # the real one, as files have it
    metrics = Metrics()
    store = await Store.open(database or home / "timbre.db", clock)
    copies = VoiceCopies(store, objects, home)
    enrolments = EnrolmentRecords(store, metrics)
    peers = Peers(store, home, shards)
    listening: asyncio.Task[None] | None = None
    try:
        await peers.join()
        async with (
            copies.open(),
            scripted_executor(
                home,
                {"SCRIPT_CLONES": "1"},
                kind=StartedWhenAsked,
                on_enrolled=enrolments.note,
            ) as executor,
        ):
            cache = SpeechCache(objects, store, Codec(-18, -1.5, 64), max_bytes=10**9)
            speech = SpeechService(executor, cache, copies, metrics, deadline_s=30, tell=peers.told)
            sharing = Sharing(store, speech, clock=clock)
            voices = Voices(store, home, sharing)
            forgetting = Forgetting(
                store,
                objects,
                speech,
                executor,
                enrolments.settled,
                copies=copies,
                claim=peers.claim,
            )
            bars = Bars(store, speech, clock)
            clip_limits = ClipLimits(max_upload_mib=1000 / 2**20)
            uploads = Uploads(
                home, at_once=clip_limits.checks_at_once, max_bytes=clip_limits.max_upload_bytes
            )
            proving = Proving(
                store,
                uploads,
                limits=StatementLimits(demand=demand),
                prove=prove,
                clip_limits=clip_limits,
                source=random.Random(1),
                clock=clock,
            )
            permissions = Permissions(store, forgetting, sharing, bars, proving, clock=clock)
            registration = Registration(
                store,
                objects,
                forgetting,
                sharing,
                bars,
                uploads=uploads,
                proving=proving,
                permissions=permissions,
                limits=ClonedVoiceLimits(
                    **{
                        "voices_per_user": 3,
                        "voices_per_guild": 4,
                        "registration_cooldown_s": 0.0,
                        **limits,
                    }
                ),
                judge=judging,
                clip_limits=clip_limits,
                clock=clock,
            )
            languages = LineLanguages(store.member_languages, store.guild_settings, Detector())
            pronouncing = Pronouncing(store, PronunciationLimits())
            privacy = Privacy(
                store, objects, registration, forgetting, pronouncing, languages=languages
            )
            notices = PeerNotices(
                speech,
                executor,
                registration,
                pronouncing,
                languages,
                recorded=enrolments.settled,
                copies=copies,
            )
            listening = asyncio.create_task(peers.run(notices), name="peers")
            yield House(
                home=home,
                clock=clock,
                store=store,
                executor=executor,
                enrolments=enrolments,
                speech=speech,
                voices=voices,
                sharing=sharing,
                bars=bars,
                registration=registration,
                proving=proving,
                permissions=permissions,
                keeping=VoiceKeeping(store, voices, sharing, forgetting),
                moderation=VoiceModeration(
                    store, voices, speech, objects=objects, judge=judging, clock=clock
                ),
                forgetting=forgetting,
                languages=languages,
                privacy=privacy,
                pronouncing=pronouncing,
                janitor=Janitor(
                    store,
                    home,
                    forgetting,
                    privacy,
                    peers,
                    objects=objects,
                    grace_s=7 * 86_400,
                    speech_kept_s=SPEECH_KEPT_S,
                    unused_s=UNUSED_S,
                    clock=clock,
                ),
            )
    finally:
        if listening is not None:
            listening.cancel()
            await asyncio.wait({listening})
        await enrolments.settled()
        await peers.leave()
        await store.close()
