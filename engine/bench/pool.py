"""`python -m engine.bench.pool`: several workers of one machine against one, in one run.

Real worker processes behind the local executor, on random weights unless a checkpoint is given.
By default a worker on each CUDA card; `--small` takes two on the CPU and a reduced model. What it
shows: throughput, first sound, a worker that is killed, a voice that is forgotten. `pool.json` is
written after each of these, so that a run that is cut short leaves what it had.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from engine.bench.setting import RANDOM_WEIGHTS, TEXT, voice_of, write_clips
from engine.bench.worker import FIRST_CHUNK, SENTENCE
from engine.command import carry_out
from engine.device import count_cards
from engine.errors import SpeechError
from engine.host.limits import QueueLimits
from engine.host.local import LocalExecutor
from engine.messages import EngineConfig
from engine.speech import SpeechParameters, SpeechRequest, StockVoice, Voice
from engine.upstream.random_weights import write_random_checkpoint
from engine.weights.models import MODELS

#: At once while first sounds are timed, as the issue of several cards has it.
_FIRST_SOUNDS = 8
#: How long a killed worker may take to be back.
_BACK_WITHIN_S = 180.0


@dataclass(frozen=True)
class _Amount:
    """How much of everything. `streams` are in flight at once, on one worker and on all."""

    streams: int
    window_s: float
    warm_ups: int
    repeats: int
    clip_seconds: int
    sentence: int  # characters
    tokens: int  # about how many an utterance of random weights has, at 25 a second


_FULL = _Amount(128, 30.0, 2, 12, 10, SENTENCE, 60)
_SMALL = _Amount(4, 8.0, 1, 2, 6, FIRST_CHUNK, 15)


@dataclass
class _Bench:
    """One run: its settings, and what it has found so far."""

    config: EngineConfig
    amount: _Amount
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


async def _measure(bench: _Bench, devices: Sequence[str]) -> None:
    bench.note("devices", list(devices))
    async with _started(bench, devices, "all") as executor:
        await _speed(bench, executor, "all", len(devices))
        await _kill(bench, executor)
        await _forget(bench, executor)
    async with _started(bench, devices[:1], "one") as executor:
        await _speed(bench, executor, "one", 1)
    bench.note("times_as_much", _ratio(bench.found, "throughput"))
    bench.note("times_as_much_full", _ratio(bench.found, "throughput_full"))


def _ratio(found: dict[str, Any], name: str) -> float | None:
    """None where the window was too short for one worker to end anything in it."""
    all_of_them: float = found[f"all_{name}"]["audio_s_per_s"]
    one: float = found["one_throughput"]["audio_s_per_s"]
    return round(all_of_them / one, 3) if one > 0 else None


@asynccontextmanager
async def _started(
    bench: _Bench, devices: Sequence[str], name: str
) -> AsyncGenerator[LocalExecutor, None]:
    executor = LocalExecutor(
        bench.config,
        devices=devices,
        limits=QueueLimits(max_jobs=4096, heartbeat_timeout_s=120, step_timeout_s=300),
        on_enrolled=lambda _enrolled: None,
    )
    began = time.perf_counter()
    await executor.start()
    try:
        info = await executor.engine_info()
        await _all_ready(executor)
        ready_s = round(time.perf_counter() - began, 1)
        engine = f"{info.model} on {info.device}, {info.precision}"
        bench.note(f"{name}_ready", {"s": ready_s, "engine": engine, "streams": info.streams})
        yield executor
    finally:
        await executor.close()


async def _all_ready(executor: LocalExecutor) -> None:
    """Raises `RuntimeError` where a worker cannot be had: there is nothing to compare then."""
    while True:
        workers = executor.status().workers
        if all(worker.state == "ready" for worker in workers):
            return
        for worker in workers:
            if worker.state == "unavailable":
                raise RuntimeError(f"{worker.name}: {worker.detail}")
        await asyncio.sleep(0.02)


async def _speed(bench: _Bench, executor: LocalExecutor, name: str, workers: int) -> None:
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
    bench: _Bench, executor: LocalExecutor, at_once: int, characters: int
) -> list[float]:
    """Milliseconds from request to PCM of so many requests at once."""

    async def one() -> float:
        began = time.perf_counter()
        await executor.synthesise(bench.request(characters, StockVoice()))
        return 1e3 * (time.perf_counter() - began)

    return await asyncio.gather(*(one() for _ in range(at_once)))


async def _throughput(bench: _Bench, executor: LocalExecutor, streams: int) -> dict[str, Any]:
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


async def _kill(bench: _Bench, executor: LocalExecutor) -> None:
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
    held = executor.status().workers[0].running
    pid = executor.worker_pids[0]
    assert pid is not None
    began = time.perf_counter()
    os.kill(pid, signal.SIGKILL)
    await asking
    answered_s = time.perf_counter() - began
    async with asyncio.timeout(_BACK_WITHIN_S):
        await _all_ready(executor)
    bench.note(
        "worker_killed",
        {
            "asked": wanted,
            "held_by_the_killed": held,
            "answered_once": sum(count == 1 for count in answers.values()),
            "failed": failures,
            "all_answered_s": round(answered_s, 2),
            "worker_back_s": round(time.perf_counter() - began, 1),
        },
    )


async def _forget(bench: _Bench, executor: LocalExecutor) -> None:
    """A voice that every worker knows is forgotten: neither files nor anybody's memory keep it."""
    voice = voice_of(bench.clip)
    asked = partial(bench.request, FIRST_CHUNK, voice)
    kept = Path(bench.config.home) / "conditionals"
    await executor.synthesise(asked())
    busy: set[int] = set()
    enough = 2 * bench.amount.streams  # more than the worker that knows it is preferred for
    speaking = asyncio.gather(*(executor.synthesise(asked()) for _ in range(enough)))
    while not speaking.done():
        busy |= {n for n, worker in enumerate(executor.status().workers) if worker.running}
        await asyncio.sleep(0.005)
    await speaking
    files_before = sum(path.is_file() for path in kept.rglob("*"))
    began = time.perf_counter()
    await executor.forget(voice.identity)
    forgotten_ms = 1e3 * (time.perf_counter() - began)
    files_after = sum(path.is_file() for path in kept.rglob("*"))
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine.bench.pool", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a reduced model, on the CPU")
    model_help = "default: english; nano with --small"
    parser.add_argument("--model", choices=MODELS, help=model_help)
    parser.add_argument("--weights", type=Path, help="a checkpoint's folder; else random weights")
    devices_help = "one worker on each, with commas: cuda:0,cuda:1 or cpu,cpu; default: every card"
    parser.add_argument("--devices", help=devices_help)
    out_help = "folder for pool.json; default: var/bench"
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help=out_help)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; 0, or 2 with a sentence on stderr for what is missing."""
    options = _parser().parse_args(arguments)
    devices = options.devices.split(",") if options.devices else []
    if not devices:
        cards = 0 if options.small else count_cards()
        devices = [f"cuda:{number}" for number in range(cards)] if cards > 1 else ["cpu", "cpu"]
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # An untrained T3 often ends no utterance by itself.
    logging.getLogger("engine.worker").setLevel(logging.ERROR)
    options.out.mkdir(parents=True, exist_ok=True)
    amount = _SMALL if options.small else _FULL
    with tempfile.TemporaryDirectory() as scratch:
        model = MODELS[options.model or ("nano" if options.small else "english")]
        weights = options.weights or Path(scratch) / "weights"
        began = time.perf_counter()
        if options.weights is None:
            write_random_checkpoint(
                weights, model, seed=0, small=options.small, stop_after=amount.tokens
            )
        home = Path(scratch) / "home"
        home.mkdir()
        config = EngineConfig(
            engine="chatterbox",
            home=str(home),
            model=model.name,
            weights=str(weights),
            max_streams=amount.streams,
        )
        clip, *_ = write_clips(Path(scratch), amount.clip_seconds)
        bench = _Bench(config, amount, clip, options.out, {})
        bench.note("weights", RANDOM_WEIGHTS if options.weights is None else str(weights))
        bench.note("drawn_s", round(time.perf_counter() - began, 1))
        asyncio.run(_measure(bench, devices))
    return 0


if __name__ == "__main__":
    sys.exit(carry_out(main))
