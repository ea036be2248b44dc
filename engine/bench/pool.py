"""`python -m engine.bench.pool`: several workers of one machine against one, in one run.

Real worker processes behind the local executor, or the actors of a Ray cluster of this machine, on
random weights unless a checkpoint is given. By default a worker on each CUDA card; `--small` takes
two on the CPU and a reduced model. What it shows: throughput, first sound, a worker that is killed,
a voice that is forgotten. `pool.json` is written after each of these, so that a run that is cut
short leaves what it had; one that fails is noted, and the next begins.
"""

import argparse
import asyncio
import importlib.util
import logging
import signal
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.bench.pool_measures import (
    PoolAmount,
    PoolBench,
    all_ready,
    measure_forgetting,
    measure_kill,
    measure_speed,
)
from engine.bench.pool_workers import local_workers, ray_workers
from engine.bench.setting import RANDOM_WEIGHTS, write_clips
from engine.bench.worker import FIRST_CHUNK, SENTENCE
from engine.command import carry_out
from engine.device import count_cards
from engine.host.pool import WorkerPool
from engine.messages import EngineConfig
from engine.upstream.random_weights import SOURCE, write_random_checkpoint
from engine.weights import checkpoint
from engine.weights.models import MODELS

_FULL = PoolAmount(128, 30.0, 2, 12, 10, SENTENCE, 60)
_SMALL = PoolAmount(4, 8.0, 1, 2, 6, FIRST_CHUNK, 15)
#: A part that takes longer hangs.
_PART_WITHIN_S = 300.0


async def _measure(bench: PoolBench) -> bool:
    """Whether nothing failed."""
    count = bench.workers.count
    async with (
        _part(bench, "all", 4 * _PART_WITHIN_S),
        _started(bench, count, "all") as executor,
    ):
        async with _part(bench, "all_speed", _PART_WITHIN_S):
            await measure_speed(bench, executor, "all", count)
        async with _part(bench, "kill", _PART_WITHIN_S):
            await measure_kill(bench, executor)
        async with _part(bench, "forgetting", _PART_WITHIN_S):
            await measure_forgetting(bench, executor)
    async with _part(bench, "one", 2 * _PART_WITHIN_S), _started(bench, 1, "one") as executor:
        await measure_speed(bench, executor, "one", 1)
    bench.note("times_as_much", _ratio(bench.found, "throughput"))
    bench.note("times_as_much_full", _ratio(bench.found, "throughput_full"))
    return not any(name.endswith("_failed") for name in bench.found)


@asynccontextmanager
async def _part(bench: PoolBench, name: str, within_s: float) -> AsyncGenerator[None, None]:
    """What fails in it, or takes longer, is noted, and the next part begins."""
    try:
        async with asyncio.timeout(within_s):
            yield
    except Exception as error:
        logging.getLogger(__name__).exception("a part is left out")
        bench.note(f"{name}_failed", f"{type(error).__name__}: {error}")


def _ratio(found: dict[str, Any], name: str) -> float | None:
    """None where either failed, or the window was too short for one worker to end anything."""
    several, one = (
        float(found.get(of, {}).get("audio_s_per_s", 0.0))
        for of in (f"all_{name}", "one_throughput")
    )
    return round(several / one, 3) if several and one else None


@asynccontextmanager
async def _started(bench: PoolBench, count: int, name: str) -> AsyncGenerator[WorkerPool, None]:
    executor = bench.workers.start_first(count)
    began = time.perf_counter()
    await executor.start()
    try:
        info = await executor.engine_info()
        await all_ready(executor)
        ready_s = round(time.perf_counter() - began, 1)
        engine = f"{info.model} on {info.device}, {info.precision}"
        bench.note(f"{name}_ready", {"s": ready_s, "engine": engine, "streams": info.streams})
        yield executor
    finally:
        await executor.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine.bench.pool", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a reduced model, on the CPU")
    model_help = "default: english; nano with --small"
    parser.add_argument("--model", choices=MODELS, help=model_help)
    parser.add_argument("--weights", type=Path, help="a checkpoint's folder; else random weights")
    devices_help = "one worker on each, with commas: cuda:0,cuda:1 or cpu,cpu; default: every card"
    parser.add_argument("--devices", help=devices_help)
    out_help = "folder for pool.json; default: var/bench"
    executor_help = "child processes of this one, or a Ray cluster that is started here"
    parser.add_argument("--executor", choices=("local", "ray"), default="local", help=executor_help)
    window_help = "seconds of each measurement of throughput; default: 30, 8 with --small"
    parser.add_argument("--window", type=float, metavar="SECONDS", help=window_help)
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help=out_help)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; 0, 1 where a part failed, or 2 with a sentence on stderr for what is missing."""
    options = _parser().parse_args(arguments)
    if options.executor == "ray" and importlib.util.find_spec("ray") is None:
        sys.stderr.write("Ray is not installed: pip install ray==2.60.0 installs it.\n")
        return 2
    devices = options.devices.split(",") if options.devices else []
    if not devices:
        cards = 0 if options.small else count_cards()
        devices = [f"cuda:{number}" for number in range(cards)] if cards > 1 else ["cpu", "cpu"]
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # An untrained T3 often ends no utterance by itself.
    logging.getLogger("engine.worker").setLevel(logging.ERROR)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # the head ends first
    options.out.mkdir(parents=True, exist_ok=True)
    amount = _SMALL if options.small else _FULL
    if options.window is not None:
        amount = replace(amount, window_s=options.window)
    with tempfile.TemporaryDirectory() as scratch:
        model = MODELS[options.model or ("nano" if options.small else "english")]
        weights = options.weights or Path(scratch) / "weights"
        began = time.perf_counter()
        if options.weights is None:
            write_random_checkpoint(
                weights, model, seed=0, small=options.small, stop_after=amount.tokens
            )
        manifest = checkpoint.read_manifest(weights)
        drawn = manifest is not None and manifest.source == SOURCE
        drawn_s = round(time.perf_counter() - began, 1)
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
        with (
            ray_workers(config, devices)
            if options.executor == "ray"
            else nullcontext(local_workers(config, devices))
        ) as workers:
            bench = PoolBench(workers, amount, clip, options.out, {})
            bench.note("weights", RANDOM_WEIGHTS if drawn else str(weights))
            bench.note("drawn_s", drawn_s)
            bench.note("executor", options.executor)
            bench.note("devices", devices)
            return 0 if asyncio.run(_measure(bench)) else 1


if __name__ == "__main__":
    sys.exit(carry_out(main))
