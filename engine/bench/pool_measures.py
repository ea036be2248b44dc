"""What `engine.bench.pool` measures: speed, a worker that is killed, a voice that is forgotten."""

import asyncio
import json
import os
import signal
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from engine.bench.pool_workers import Workers
from engine.bench.setting import TEXT, voice_of
from engine.bench.worker import FIRST_CHUNK
from engine.errors import SpeechError
from engine.host.pool import WorkerPool
from engine.speech import SpeechParameters, SpeechRequest, StockVoice, Voice

#: At once while first sounds are timed, as the issue of several cards has it.
_FIRST_SOUNDS = 8
#: How long a killed worker may take to be back.
_BACK_WITHIN_S = 180.0


@dataclass(frozen=True)
class PoolAmount:
    """How much of everything. `streams` are in flight at once, on one worker and on all."""

    streams: int
    window_s: float
    warm_ups: int
    repeats: int
    clip_seconds: int
    sentence: int  # characters
    tokens: int  # about how many an utterance of random weights has, at 25 a second


@dataclass
class PoolBench:
    """One run: its workers, and what it has found so far."""

    workers: Workers
    amount: PoolAmount
    clip: Path
    out: Path
    found: dict[str, Any]
    seed: int = 0

    def note(self, name: str, value: Any) -> None:
        self.found[name] = value
        (self.out / "pool.json").write_text(json.dumps(self.found, indent=2) + "\n", "utf-8")
        print(f"{time.strftime('%H:%M:%S')}  {name}: {json.dumps(value)}", flush=True)  # noqa: T201

    def request(self, characters: int, voice: Voice) -> SpeechRequest:
        """A request that no other one equals."""
        self.seed += 1
        text = TEXT[: characters + self.seed % 7]
        parameters = SpeechParameters(seed=self.seed)
        return SpeechRequest(text=text, voice=voice, parameters=parameters, guild_id=self.seed % 64)


async def all_ready(executor: WorkerPool) -> None:
    """Raises `RuntimeError` where a worker cannot be had: there is nothing to compare then."""
    while True:
        workers = executor.status().workers
        if all(worker.state == "ready" for worker in workers):
            return
        for worker in workers:
            if worker.state == "unavailable":
                raise RuntimeError(f"{worker.name}: {worker.detail}")
        await asyncio.sleep(0.02)


async def measure_speed(bench: PoolBench, executor: WorkerPool, name: str, workers: int) -> None:
    """First sounds and throughput of so many workers; with several, all of them full as well."""
    amount = bench.amount
    for _ in range(amount.warm_ups):  # what is compiled and captured at first, for every batch
        for at_once in (_FIRST_SOUNDS, amount.streams * workers):
            await _together(bench, executor, at_once, amount.sentence)
    times: list[float] = []
    for _ in range(amount.repeats):
        times += await _together(bench, executor, _FIRST_SOUNDS, FIRST_CHUNK)
    figures = {"p50_ms": median(times), "p95_ms": quantiles(times, n=20)[-1]}
    bench.note(f"{name}_first_sound", {key: round(value, 1) for key, value in figures.items()})
    bench.note(f"{name}_throughput", await _throughput(bench, executor, amount.streams))
    if workers > 1:
        full = await _throughput(bench, executor, amount.streams * workers)
        bench.note(f"{name}_throughput_full", full)


async def _together(
    bench: PoolBench, executor: WorkerPool, at_once: int, characters: int
) -> list[float]:
    """Milliseconds from request to PCM of so many requests at once."""

    async def one() -> float:
        began = time.perf_counter()
        await executor.synthesise(bench.request(characters, StockVoice()))
        return 1e3 * (time.perf_counter() - began)

    return await asyncio.gather(*(one() for _ in range(at_once)))


async def _throughput(bench: PoolBench, executor: WorkerPool, streams: int) -> dict[str, Any]:
    """Seconds of speech a second, with so many requests in flight all the time.

    The first quarter of the window is left out: all begin together there.
    """
    window_s = bench.amount.window_s
    began = time.perf_counter()
    counted_from, until = began + window_s / 4, began + window_s
    audio_s = utterances = 0.0

    async def client() -> None:
        nonlocal audio_s, utterances
        while time.perf_counter() < until:
            request = bench.request(bench.amount.sentence, StockVoice())
            speech = await executor.synthesise(request)
            if counted_from <= time.perf_counter() < until:
                audio_s += speech.duration_s
                utterances += 1

    await asyncio.gather(*(client() for _ in range(streams)))
    return {
        "streams": streams,
        "audio_s_per_s": round(audio_s / (until - counted_from), 2),
        "utterances_per_s": round(utterances / (until - counted_from), 2),
    }


async def measure_kill(bench: PoolBench, executor: WorkerPool) -> None:
    """One worker dies with its hands full: every request is answered once, and how soon."""
    wanted = 2 * min(bench.amount.streams // 2, 16)
    answers: Counter[int] = Counter()
    failures: list[str] = []

    async def one(number: int) -> None:
        try:
            await executor.synthesise(bench.request(bench.amount.sentence, StockVoice()))
        except SpeechError as error:
            failures.append(str(error))
        answers[number] += 1

    asking = asyncio.gather(*(one(number) for number in range(wanted)))
    await asyncio.sleep(0)
    held = [worker.running for worker in executor.status().workers]
    began = time.perf_counter()
    os.kill(bench.workers.processes(executor)[0], signal.SIGKILL)
    await asking
    answered_s = time.perf_counter() - began
    async with asyncio.timeout(_BACK_WITHIN_S):
        await all_ready(executor)
    bench.note(
        "worker_killed",
        {
            "asked": wanted,
            "held_by_each": held,
            "answered_once": sum(count == 1 for count in answers.values()),
            "failed": failures,
            "all_answered_s": round(answered_s, 2),
            "worker_back_s": round(time.perf_counter() - began, 1),
        },
    )


async def measure_forgetting(bench: PoolBench, executor: WorkerPool) -> None:
    """A voice that every worker knows is forgotten: neither files nor anybody's memory keep it."""
    voice = voice_of(bench.clip)
    asked = partial(bench.request, FIRST_CHUNK, voice)
    await executor.synthesise(asked())
    busy: set[int] = set()
    enough = 2 * bench.amount.streams  # more than the worker that knows it is preferred for
    speaking = asyncio.gather(*(executor.synthesise(asked()) for _ in range(enough)))
    while not speaking.done():
        busy |= {n for n, worker in enumerate(executor.status().workers) if worker.running}
        await asyncio.sleep(0.005)
    await speaking
    files_before = len(bench.workers.kept())
    began = time.perf_counter()
    await executor.forget(voice.identity)
    forgotten_ms = 1e3 * (time.perf_counter() - began)
    files_after = len(bench.workers.kept())
    bench.clip.unlink()
    asks = (executor.synthesise(asked()) for _ in range(bench.amount.streams))
    refused = await asyncio.gather(*asks, return_exceptions=True)
    bench.note(
        "voice_forgotten",
        {
            "known_by_workers": len(busy),
            "ms": round(forgotten_ms, 1),
            "files_before": files_before,
            "files_after": files_after,
            "spoken_afterwards": sum(not isinstance(answer, Exception) for answer in refused),
            "refused_afterwards": sum(isinstance(answer, SpeechError) for answer in refused),
        },
    )
