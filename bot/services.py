"""The composition root: everything that the bot and the command line need, wired once."""

import logging
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.base.metrics import Metrics
from bot.base.private_files import make_private
from bot.clips.judge import judge
from bot.live.server_settings import ServerSettings
from bot.settings import Settings, SettingsError
from bot.speech.audio.cache import Codec, SpeechCache
from bot.speech.pronouncing import Pronouncing
from bot.speech.reading import Reader
from bot.speech.service import SpeechService
from bot.text import TextLimits
from bot.voices.choosing import Voices
from bot.voices.enrolments import EnrolmentRecords
from bot.voices.forgetting import Forgetting
from bot.voices.janitor import Janitor
from bot.voices.keeping import VoiceKeeping
from bot.voices.moderation import VoiceModeration
from bot.voices.privacy import Privacy
from bot.voices.registration import Registration, RegistrationLimits
from data.errors import DatabaseUnusable
from data.store import Store
from engine.executor import Executor
from engine.host.local import LocalExecutor
from engine.host.worker_process import worker_command

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """What is open while Timbre runs."""

    settings: Settings
    store: Store
    executor: Executor
    cache: SpeechCache
    speech: SpeechService
    voices: Voices
    registration: Registration
    voice_keeping: VoiceKeeping
    voice_moderation: VoiceModeration
    privacy: Privacy
    janitor: Janitor
    server_settings: ServerSettings
    reader: Reader
    pronouncing: Pronouncing
    metrics: Metrics


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncGenerator[Store, None]:
    """The database under TIMBRE_HOME. Raises `SettingsError` where it cannot be used."""
    try:
        make_private(settings.home)
        store = await Store.open(settings.home / "timbre.db")
    except DatabaseUnusable as error:
        raise SettingsError(str(error)) from error
    except OSError as error:
        raise SettingsError(f"TIMBRE_HOME cannot be used: {error}") from error
    try:
        yield store
    finally:
        await store.close()


def reader_of(settings: Settings) -> Reader:
    """What turns text into chunks within the limits of the settings."""
    limits = TextLimits(
        max_input_chars=settings.max_text_chars,
        max_spoken_chars=settings.max_spoken_chars,
        max_chunk_chars=settings.max_chunk_chars,
        first_chunk_chars=settings.first_chunk_chars,
        synthesis_time_ratio=settings.synthesis_time_ratio,
    )
    return Reader(limits, lambda: datetime.now(UTC))


def speech_cache(settings: Settings, store: Store) -> SpeechCache:
    """The cache of rendered speech under TIMBRE_HOME."""
    codec = Codec(settings.loudness_lufs, settings.true_peak_max_dbtp, settings.opus_kbps)
    return SpeechCache(settings.home, store, codec, max_bytes=settings.speech_cache_max_mib * 2**20)


def _executor(settings: Settings, enrolments: EnrolmentRecords) -> LocalExecutor:
    return LocalExecutor(
        settings.engine_config(),
        queued_max=settings.queue_max_jobs,
        heartbeat_timeout_s=settings.heartbeat_timeout_s,
        step_timeout_s=settings.step_timeout_s,
        on_enrolled=enrolments.note,
        command=worker_command(settings.chatterbox_python),
        environment={name: value for name, value in os.environ.items() if name != "DISCORD_TOKEN"},
    )


def _registration_limits(settings: Settings) -> RegistrationLimits:
    return RegistrationLimits(
        clip_max_bytes=int(settings.clip_max_mib * 2**20),
        voices_per_user=settings.max_voices_per_user,
        voices_per_guild=settings.max_voices_per_guild,
        cooldown_s=settings.registration_cooldown_s,
        checks_at_once=settings.clip_checks_at_once,
    )


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncGenerator[Services, None]:
    """Open the database and begin to load the engine; close both at the end.

    The engine loads in the background: `executor.engine_info` waits for it.
    """
    async with open_store(settings) as store:
        metrics = Metrics()
        enrolments = EnrolmentRecords(store, metrics)
        executor = _executor(settings, enrolments)
        cache = speech_cache(settings, store)
        try:
            await executor.start()
            speech = SpeechService(
                executor,
                cache,
                metrics,
                look_ahead_chunks=settings.look_ahead_chunks,
                deadline_s=settings.request_deadline_s,
            )
            voices = Voices(store, settings.home)
            forgetting = Forgetting(store, settings.home, speech, executor, enrolments.settled)
            registration = Registration(
                store,
                settings.home,
                forgetting,
                limits=_registration_limits(settings),
                judge=judge,
                clip_limits=settings.clip_limits(),
                clock=time.time,
            )
            privacy = Privacy(store, settings.home, speech, registration, forgetting)
            voice_keeping = VoiceKeeping(store, voices, speech, forgetting)
            yield Services(
                settings=settings,
                store=store,
                executor=executor,
                cache=cache,
                speech=speech,
                voices=voices,
                registration=registration,
                voice_keeping=voice_keeping,
                voice_moderation=VoiceModeration(
                    store,
                    voices,
                    speech,
                    cooldown_s=settings.report_cooldown_s,
                    clock=time.time,
                ),
                privacy=privacy,
                janitor=Janitor(
                    store,
                    settings.home,
                    forgetting,
                    privacy,
                    grace_s=settings.guild_grace_days * 86_400,
                ),
                server_settings=ServerSettings(store, voice_keeping, executor),
                reader=reader_of(settings),
                pronouncing=Pronouncing(store, settings.pronunciation_limits()),
                metrics=metrics,
            )
        finally:
            await executor.close()
            await enrolments.settled()
