"""A real worker process: how long until it is ready, and from a request to its first sound."""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from engine.bench.setting import TEXT, Setting, voice_of
from engine.host.limits import QueueLimits
from engine.host.local import LocalExecutor
from engine.messages import EngineConfig
from engine.speech import EngineInfo, SpeechParameters, SpeechRequest, StockVoice, Voice

FIRST_CHUNK = 24  # characters up to the first full stop: what a sentence's first chunk is cut to
SENTENCE = 100


@dataclass(frozen=True)
class WorkerTiming:
    """`audio_s` is how much speech each of the two was; random weights decide that themselves.

    `new_voice_ms` is what a voice costs that comes right after the start, while upstream's
    packages are still imported. `meanwhile_ms` is what first chunks in a known voice take then,
    one after the other: the median and the longest, in which the new voice is enrolled.
    """

    engine: EngineInfo
    ready_s: float
    first_request_ms: float
    new_voice_ms: float
    meanwhile_ms: tuple[float, float]
    first_chunk_ms: float
    first_chunk_audio_s: float
    sentence_ms: float
    sentence_audio_s: float
    stage_ms: dict[str, float]
    streams: int
    device_gib: float | None  # all that the process holds there after `streams` at once
    first_start_s: float | None = None


def time_worker(setting: Setting, clip: Path) -> WorkerTiming:
    return asyncio.run(_time_worker(setting, clip))


async def _time_worker(setting: Setting, clip: Path) -> WorkerTiming:
    streams = setting.scale.memory_streams
    free_before = _free_bytes(setting.device)
    with tempfile.TemporaryDirectory() as home:
        config = EngineConfig(
            engine="chatterbox",
            home=home,
            model=setting.model.name,
            weights=str(setting.weights),
            device="cuda" if setting.device.type == "cuda" else "cpu",
            precision="auto" if setting.precision == "int8" else setting.precision,
            threads=setting.scale.threads,
            max_streams=streams,
        )
        first_start_s = await _first_start_s(config)
        executor = _executor(config, os.environ)
        started = time.perf_counter()
        await executor.start()
        try:
            info = await executor.engine_info()
            ready_s = time.perf_counter() - started
            first = await _ask(executor, TEXT[:FIRST_CHUNK], seeds=[0])
            new_voice = _ask(executor, TEXT[:FIRST_CHUNK], seeds=[0], voice=voice_of(clip))
            enrolling = asyncio.create_task(new_voice)
            meanwhile: list[float] = []
            while not enrolling.done():
                seed = 1000 + len(meanwhile)
                meanwhile.append((await _ask(executor, TEXT[:FIRST_CHUNK], seeds=[seed]))[0])
            new = await enrolling
            repeats = range(1, 3 + setting.scale.repeats)
            chunk = await _ask(executor, TEXT[:FIRST_CHUNK], seeds=repeats)
            sentence = await _ask(executor, TEXT[:SENTENCE], seeds=repeats)
            texts = [TEXT[: SENTENCE + index] for index in range(streams)]
            for seed in range(100, 101 + setting.scale.warm_ups):
                await asyncio.gather(*(_ask(executor, text, seeds=[seed]) for text in texts))
            free_after = _free_bytes(setting.device)
        finally:
            await executor.close()
    return WorkerTiming(
        engine=info,
        ready_s=ready_s,
        first_request_ms=first[0],
        new_voice_ms=new[0],
        meanwhile_ms=(statistics.median(meanwhile), max(meanwhile)),
        first_chunk_ms=chunk[0],
        first_chunk_audio_s=chunk[1],
        sentence_ms=sentence[0],
        sentence_audio_s=sentence[1],
        stage_ms=chunk[2],
        streams=streams,
        device_gib=(free_before - free_after) / 2**30 if free_before else None,
        first_start_s=first_start_s,
    )


async def _first_start_s(config: EngineConfig) -> float | None:
    """Where compiled kernels are kept is the user's own place, which a variable moves on Linux.

    Triton has a place and a variable of its own.
    """
    if config.device != "cuda" or sys.platform != "linux":
        return None
    with tempfile.TemporaryDirectory() as nothing:
        moved = {"XDG_CACHE_HOME": nothing, "TRITON_CACHE_DIR": str(Path(nothing) / "triton")}
        executor = _executor(config, {**os.environ, **moved})
        started = time.perf_counter()
        await executor.start()
        try:
            await executor.engine_info()
            return time.perf_counter() - started
        finally:
            await executor.close()


def _executor(config: EngineConfig, environment: Mapping[str, str]) -> LocalExecutor:
    return LocalExecutor(
        config,
        limits=QueueLimits(max_jobs=8, heartbeat_timeout_s=120, step_timeout_s=300),
        on_enrolled=lambda _enrolled: None,
        environment=environment,
    )


def _free_bytes(device: torch.device) -> int:
    """Free memory of the whole device, what this process only keeps by counted in; 0 on a CPU."""
    if device.type != "cuda":
        return 0
    torch.cuda.empty_cache()
    return int(torch.cuda.mem_get_info(device)[0])


async def _ask(
    executor: LocalExecutor,
    text: str,
    *,
    seeds: Sequence[int],
    voice: Voice = StockVoice(),  # noqa: B008 - it cannot be changed
) -> tuple[float, float, dict[str, float]]:
    """Median milliseconds and seconds of audio, the first two seeds of several left out."""
    times, seconds, stages = [], [], []
    for seed in seeds:
        request = SpeechRequest(text=text, voice=voice, parameters=SpeechParameters(seed=seed))
        started = time.perf_counter()
        speech = await executor.synthesise(request)
        times.append(1e3 * (time.perf_counter() - started))
        seconds.append(speech.duration_s)
        stages.append(speech.stage_ms)
    kept = slice(2, None) if len(times) > 2 else slice(None)
    return statistics.median(times[kept]), statistics.median(seconds[kept]), stages[-1]
