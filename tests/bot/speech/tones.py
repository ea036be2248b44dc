"""An engine that makes a short tone of every request, in this process, and a service over it."""

import asyncio
from pathlib import Path

import numpy as np

from bot.base.metrics import Metrics
from bot.base.objects import FolderObjects
from bot.speech.audio.cache import SpeechCache
from bot.speech.audio.codec import Codec
from bot.speech.service import SpeechService
from bot.speech.voice_copies import VoiceCopies
from data.store import Store
from engine.errors import SpeechError, SynthesisFailed
from engine.executor import ExecutorStatus
from engine.host.backlog import Backlog
from engine.speech import EngineInfo, Priority, Speech, SpeechRequest


def info(
    *,
    clones: bool = False,
    version: str = "1",
    stock_voices: tuple[str, ...] = ("anna", "ben"),
    languages: tuple[str, ...] = ("en",),
    sounds: tuple[str, ...] = (),
    chunk_s: float = 0.0,
) -> EngineInfo:
    return EngineInfo(
        name="tones",
        model="sine",
        revision="0",
        version=version,
        sample_rate=24_000,
        device="cpu",
        precision="fp32",
        reason="It is all there is.",
        stock_voices=stock_voices,
        clones_voices=clones,
        languages=languages,
        sounds=sounds,
        chunk_s=chunk_s,
    )


class Tones:
    """An executor. What is asked waits while `hold` is cleared."""

    def __init__(self) -> None:
        self.engine = info()
        self.broken: SpeechError | None = None
        self.waiting: dict[Priority, int] = {}
        self.asked: list[SpeechRequest] = []
        self.promoted: list[SpeechRequest] = []
        self.cancelled: list[str] = []
        self.hold = asyncio.Event()
        self.hold.set()

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def forget(self, identity: str) -> None: ...

    async def engine_info(self) -> EngineInfo:
        if self.broken is not None:
            raise self.broken
        return self.engine

    def status(self) -> ExecutorStatus:
        return ExecutorStatus(
            state="ready" if self.broken is None else "unavailable",
            detail="" if self.broken is None else str(self.broken),
            engine=self.engine if self.broken is None else None,
            queued=0,
            running=0,
            restarts=0,
            waiting=self.waiting,
        )

    def promote(self, request: SpeechRequest) -> None:
        self.promoted.append(request)

    async def synthesise(self, request: SpeechRequest) -> Speech:
        self.asked.append(request)
        try:
            await self.hold.wait()
        except asyncio.CancelledError:
            self.cancelled.append(request.text)
            raise
        if request.text == "unspeakable":
            raise SynthesisFailed("That cannot be said.")
        t = np.arange(4800) / 24_000
        pcm = (0.2 * np.sin(2 * np.pi * 300 * t)).astype(np.float32)
        return Speech(pcm=pcm, sample_rate=24_000)


class OneByOne(Tones):
    """Makes one at a time, in the order of a real backlog.

    `begun` has the texts, and `left_waiting` for each what else waited as it began.
    """

    def __init__(self, job_s: float, *, speech_s: float = 0.02) -> None:
        super().__init__()
        self._job_s = job_s
        self._pcm = np.full(round(speech_s * 24_000), 0.1, np.float32)
        self._backlog = Backlog(1000)
        self._waiting: list[str] = []
        self._working: asyncio.Task[None] | None = None
        self.begun: list[str] = []
        self.left_waiting: list[set[str]] = []

    def promote(self, request: SpeechRequest) -> None:
        super().promote(request)
        self._backlog.promote(request)

    async def synthesise(self, request: SpeechRequest) -> Speech:
        waiter = self._backlog.submit(request)
        self._waiting.append(request.text)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        try:
            return await waiter.answer
        finally:
            self._backlog.leave(waiter)

    async def _work(self) -> None:
        while job := self._backlog.start(1):
            self._waiting.remove(job.text)
            self.begun.append(job.text)
            self.left_waiting.append(set(self._waiting))
            await asyncio.sleep(self._job_s)
            self._backlog.finish(job.job_id, Speech(pcm=self._pcm, sample_rate=24_000))


def service(tones: Tones, store: Store, home: Path, *, kbps: int = 64) -> SpeechService:
    objects = FolderObjects(home)
    cache = SpeechCache(objects, store, Codec(-18, -1.5, kbps), max_bytes=10_000_000)
    return SpeechService(tones, cache, VoiceCopies(store, objects, home), Metrics(), deadline_s=5)
