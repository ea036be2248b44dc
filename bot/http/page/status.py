"""How the bot is doing, in figures without persons or servers: most of what `/metrics` has."""

import msgspec

from bot.base.metrics import Latencies, Metrics
from bot.http.figures import HttpFigures
from engine.executor import Executor, ExecutorStatus
from engine.speech import Priority
from engine.worker.pipes import resident_bytes


class Percentiles(msgspec.Struct, frozen=True, kw_only=True):
    """Of the last `count` measurements, in milliseconds; None before the first."""

    p50: float | None
    p95: float | None
    count: int


class EngineNow(msgspec.Struct, frozen=True, kw_only=True):
    """`state` and `detail` as in `ExecutorStatus`; the rest is empty while none is loaded."""

    state: str
    detail: str
    name: str
    model: str
    device: str
    precision: str
    restarts: int


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that the Discord process, the workers, and those on GPUs hold; 0 if not known."""

    bot: int
    engine: int
    gpu: int


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """`waiting` counts requests by class, most urgent first.

    `real_time_factor` is the mean since the start of how long speech took to be made over how long
    it plays; None before the first.
    """

    engine: EngineNow
    waiting: dict[str, int]
    running: int
    memory: Memory
    first_sound_ms: Percentiles
    http_first_audio_ms: Percentiles
    synthesis_ms: Percentiles
    loop_lag_ms: Percentiles
    real_time_factor: float | None
    voice_channels: int
    voice_gaps: int
    http_speaking: int
    utterances: int
    cache_hits: int
    cache_lookups: int


def status_of(metrics: Metrics, executor: Executor, http: HttpFigures, speaking: int) -> Status:
    """How things stand now. `speaking` is how many texts are being spoken over HTTP."""
    now = executor.status()
    return Status(
        engine=_engine(now),
        waiting={each.name.lower(): now.waiting.get(each, 0) for each in Priority},
        running=now.running,
        memory=Memory(bot=resident_bytes(), engine=now.resident_bytes, gpu=now.gpu_bytes),
        first_sound_ms=_percentiles(metrics.first_sound),
        http_first_audio_ms=_percentiles(http.first_audio),
        synthesis_ms=_percentiles(metrics.synthesis),
        loop_lag_ms=_percentiles(metrics.loop_lag),
        real_time_factor=metrics.real_time_factor.mean,
        voice_channels=metrics.sending.sending,
        voice_gaps=metrics.voice_gaps,
        http_speaking=speaking,
        utterances=metrics.utterances,
        cache_hits=metrics.cache_hits,
        cache_lookups=metrics.cache_hits + metrics.cache_misses,
    )


def _engine(now: ExecutorStatus) -> EngineNow:
    loaded = now.engine
    return EngineNow(
        state=now.state,
        detail=now.detail,
        name=loaded.name if loaded else "",
        model=", ".join(loaded.models) if loaded else "",
        device=loaded.device if loaded else "",
        precision=loaded.precision if loaded else "",
        restarts=now.restarts,
    )


def _percentiles(measured: Latencies) -> Percentiles:
    return Percentiles(
        p50=measured.percentile(50), p95=measured.percentile(95), count=len(measured)
    )
