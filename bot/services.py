"""The composition root: everything that the bot and the command line need, wired once.

Longer than 300 lines, as it is a list of all there is.
"""

import random
import socket
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.base.bucket import Bucket, ObjectsUnusable, bucket_of
from bot.base.databases import open_database_of, require_together
from bot.base.metrics import Metrics
from bot.base.objects import FolderObjects, Objects, ObjectsFailed
from bot.base.peers import Peers
from bot.base.shards import Shards
from bot.base.statistics import Statistics
from bot.clips.judge import judge, prove
from bot.live.own_words import OwnWords
from bot.live.server_settings import ServerSettings
from bot.settings import Settings, SettingsError, without_secrets
from bot.speech.audio.cache import SpeechCache
from bot.speech.detection import Detector
from bot.speech.line_languages import LineLanguages
from bot.speech.names import CalledNames
from bot.speech.pronouncing import Pronouncing
from bot.speech.reading import Reader
from bot.speech.saying import Sayings
from bot.speech.service import SpeechService
from bot.speech.voice_copies import VoiceCopies
from bot.voices.bars import Bars
from bot.voices.choosing import Voices
from bot.voices.enrolments import EnrolmentRecords
from bot.voices.forgetting import Forgetting
from bot.voices.janitor import Janitor
from bot.voices.keeping import VoiceKeeping
from bot.voices.listening import PeerNotices
from bot.voices.moderation import VoiceModeration
from bot.voices.permission import Permissions
from bot.voices.privacy import Privacy
from bot.voices.proving import Proving
from bot.voices.registration import Registration
from bot.voices.sharing import Sharing
from bot.voices.sounds import Sounds
from bot.voices.uploads import Uploads
from data.errors import DatabaseUnusable
from data.store import Store
from engine.executor import Executor
from engine.host import cluster
from engine.host.local import LocalExecutor, devices_of
from engine.host.pool import WorkerPool
from engine.host.shared_executor import SharedExecutor
from engine.host.worker_process import worker_command

if TYPE_CHECKING:
    from bot.http.server import HttpServer


@dataclass(frozen=True, slots=True)
class Services:
    """What is open while Timbre runs."""

    settings: Settings
    store: Store
    peers: Peers
    notices: PeerNotices
    executor: Executor
    cache: SpeechCache
    sayings: Sayings
    line_languages: LineLanguages
    voices: Voices
    sharing: Sharing
    sounds: Sounds
    bars: Bars
    registration: Registration
    proving: Proving
    permissions: Permissions
    voice_keeping: VoiceKeeping
    voice_moderation: VoiceModeration
    forgetting: Forgetting
    privacy: Privacy
    janitor: Janitor
    server_settings: ServerSettings
    own_words: OwnWords
    reader: Reader
    pronouncing: Pronouncing
    metrics: Metrics
    statistics: Statistics


def address_of(settings: Settings) -> str | None:
    """The address of the PostgreSQL that the settings name; None: they name none."""
    return settings.database.get_secret_value() if settings.database else None


def objects_of(settings: Settings) -> Objects:
    """Where the settings have clips and renderings lie. Raises `SettingsError`."""
    if settings.objects.place is None:
        return FolderObjects(settings.home)
    try:
        return bucket_of(settings.objects, settings.home)
    except ObjectsUnusable as error:
        raise SettingsError(str(error)) from error


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncGenerator[Store, None]:
    """The database of TIMBRE_HOME. Raises `SettingsError` where it cannot be used."""
    with _unusable_told():
        store = await open_database_of(settings.home, address_of(settings), _bucket_of(settings))
    try:
        yield store
    finally:
        await store.close()


async def require_unmoved(settings: Settings, store: Store) -> None:
    """Raise `SettingsError` where the database or the files were moved since it was opened."""
    with _unusable_told():
        await require_together(store, settings.home, address_of(settings), _bucket_of(settings))


def _bucket_of(settings: Settings) -> Bucket | None:
    objects = objects_of(settings)
    return objects if isinstance(objects, Bucket) else None


@contextmanager
def _unusable_told() -> Iterator[None]:
    try:
        yield
    except (DatabaseUnusable, ObjectsUnusable) as error:
        raise SettingsError(str(error)) from error
    except ObjectsFailed as error:
        raise SettingsError(f"TIMBRE_OBJECTS cannot be used: {error}") from error
    except OSError as error:
        raise SettingsError(f"TIMBRE_HOME cannot be used: {error}") from error


def http_server(services: Services) -> "HttpServer":
    """What serves HTTP by the settings, as long as it is entered."""
    from bot.http.server import HttpServer  # noqa: PLC0415 - takes a while, and most have none

    return HttpServer(
        services.settings.http,
        sayings=services.sayings,
        voices=services.voices,
        executor=services.executor,
        metrics=services.metrics,
        text=services.settings.text,
        home=services.settings.home,
    )


def reader_of(settings: Settings) -> Reader:
    """What turns text into chunks within the limits of the settings."""
    return Reader(settings.text, lambda: datetime.now(UTC))


def speech_cache(settings: Settings, store: Store, objects: Objects) -> SpeechCache:
    """The cache of rendered speech."""
    max_bytes = settings.speech_cache_max_mib * 2**20
    return SpeechCache(objects, store, settings.sound, max_bytes=max_bytes)


@asynccontextmanager
async def open_services(
    settings: Settings, shards: Shards | None = None, workers: socket.socket | None = None
) -> AsyncGenerator[Services, None]:
    """Open the database and begin to load the engine; close both at the end.

    The engine loads in the background: `executor.engine_info` waits for it. With `shards` this is
    one of several bot processes, once it has joined its `peers`; with `workers` the supervisor at
    the other end has the workers of all.
    """
    async with open_store(settings) as store:
        metrics = Metrics()
        statistics = Statistics(store.statistics, metrics)
        enrolments = EnrolmentRecords(store, metrics)
        peers = Peers(store, settings.home, shards)
        objects = objects_of(settings)
        copies = VoiceCopies(store, objects, settings.home)
        executor: Executor
        if workers is not None:
            executor = SharedExecutor(
                workers, on_enrolments=metrics.analysed, on_lost=peers.evicted.set
            )
        else:
            executor = await local_executor(settings, enrolments)
        async with copies.open():
            try:
                await executor.start()
                yield _services(
                    settings,
                    store,
                    peers,
                    executor,
                    enrolments,
                    objects=objects,
                    copies=copies,
                    statistics=statistics,
                )
            finally:
                await executor.close()
                await enrolments.settled()
                await statistics.keep()
                await peers.leave()


async def local_executor(settings: Settings, enrolments: EnrolmentRecords) -> WorkerPool:
    """Speech from workers of this process or of a cluster, not started yet."""
    environment = without_secrets()
    if address := settings.executor.cluster:
        workers_max = settings.executor.ray_workers_max
        return WorkerPool(
            cluster.places(settings.engine, address, environment, workers_max),
            limits=cluster.limits_of(settings.queue),
            on_enrolled=enrolments.note,
            restarts=cluster.RESTARTS,
            scaling=cluster.scaling_of(settings.engine, workers_max),
        )
    return LocalExecutor(
        settings.engine,
        limits=settings.queue,
        on_enrolled=enrolments.note,
        devices=await devices_of(settings.engine, settings.engine_python, environment),
        command=worker_command(settings.engine_python),
        environment=environment,
    )


def _services(
    settings: Settings,
    store: Store,
    peers: Peers,
    executor: Executor,
    enrolments: EnrolmentRecords,
    *,
    objects: Objects,
    copies: VoiceCopies,
    statistics: Statistics,
) -> Services:
    metrics = statistics.metrics
    home = settings.home
    cache = speech_cache(settings, store, objects)
    speech = SpeechService(
        executor,
        cache,
        copies,
        metrics,
        deadline_s=settings.queue.request_deadline_s,
        tell=peers.told,
    )
    sharing = Sharing(store, speech, clock=time.monotonic)
    voices = Voices(store, home, sharing)
    line_languages = LineLanguages(store.member_languages, store.guild_settings, Detector())
    reader, pronouncing = reader_of(settings), Pronouncing(store, settings.pronunciations)
    forgetting = Forgetting(
        store,
        objects,
        speech,
        executor,
        enrolments.settled,
        copies=copies,
        claim=peers.claim,
    )
    bars = Bars(store, speech, time.time)
    sounds = Sounds(store, voices, speech)
    uploads = Uploads(
        home, at_once=settings.clip.checks_at_once, max_bytes=settings.clip.max_upload_bytes
    )
    proving = Proving(
        store,
        uploads,
        limits=settings.statement,
        prove=prove,
        clip_limits=settings.clip,
        source=random.SystemRandom(),
        clock=time.time,
    )
    permissions = Permissions(store, forgetting, sharing, bars, proving, clock=time.time)
    registration = Registration(
        store,
        objects,
        forgetting,
        sharing,
        bars,
        uploads=uploads,
        proving=proving,
        permissions=permissions,
        limits=settings.voices,
        judge=judge,
        clip_limits=settings.clip,
        clock=time.time,
    )
    privacy = Privacy(
        store, objects, registration, forgetting, pronouncing, languages=line_languages
    )
    voice_keeping = VoiceKeeping(store, voices, sharing, forgetting)
    janitor = Janitor(
        store,
        home,
        forgetting,
        privacy,
        peers,
        objects=objects,
        grace_s=settings.voices.guild_grace_days * 86_400,
        speech_kept_s=settings.speech_cache_max_days * 86_400,
        unused_s=settings.voices.unused_days * 86_400,
    )
    return Services(
        settings=settings,
        store=store,
        peers=peers,
        notices=PeerNotices(
            speech,
            executor,
            registration,
            pronouncing,
            line_languages,
            recorded=enrolments.settled,
            copies=copies,
        ),
        executor=executor,
        cache=cache,
        sayings=Sayings(
            speech,
            sounds,
            reader,
            pronouncing,
            languages=line_languages,
            called=CalledNames(store.member_words, store.guild_settings, store.bars),
            guild_settings=store.guild_settings,
        ),
        line_languages=line_languages,
        voices=voices,
        sharing=sharing,
        sounds=sounds,
        bars=bars,
        registration=registration,
        proving=proving,
        permissions=permissions,
        voice_keeping=voice_keeping,
        voice_moderation=VoiceModeration(
            store, voices, speech, objects=objects, judge=judge, clock=time.time
        ),
        forgetting=forgetting,
        privacy=privacy,
        janitor=janitor,
        server_settings=ServerSettings(store, voice_keeping, executor),
        own_words=OwnWords(store, bars, forgetting),
        reader=reader,
        pronouncing=pronouncing,
        metrics=metrics,
        statistics=statistics,
    )
