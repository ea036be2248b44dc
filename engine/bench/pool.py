"""`python -m engine.bench.pool`: several workers of one machine against one, in one run.

Real worker processes behind the local executor, on random weights unless a checkpoint is given.
By default a worker on each CUDA card; `--small` takes two on the CPU and a reduced model. What it
shows: throughput, first sound, a worker that is killed, a voice that is forgotten. `pool.json` is
written after each of these, so that a run that is cut short leaves what it had.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
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
from engine.bench.setting import RANDOM_WEIGHTS, write_clips
from engine.bench.worker import FIRST_CHUNK, SENTENCE
from engine.command import carry_out
from engine.device import count_cards
from engine.host.limits import QueueLimits
from engine.host.local import LocalExecutor
from engine.messages import EngineConfig
from engine.upstream.random_weights import write_random_checkpoint
from engine.weights.models import MODELS

_FULL = PoolAmount(128, 30.0, 2, 12, 10, SENTENCE, 60)
_SMALL = PoolAmount(4, 8.0, 1, 2, 6, FIRST_CHUNK, 15)


async def _measure(bench: PoolBench, devices: Sequence[str]) -> None:
    bench.note("devices", list(devices))
    async with _started(bench, devices, "all") as executor:
        await measure_speed(bench, executor, "all", len(devices))
        await measure_kill(bench, executor)
        await measure_forgetting(bench, executor)
    async with _started(bench, devices[:1], "one") as executor:
        await measure_speed(bench, executor, "one", 1)
    bench.note("times_as_much", _ratio(bench.found, "throughput"))
    bench.note("times_as_much_full", _ratio(bench.found, "throughput_full"))


def _ratio(found: dict[str, Any], name: str) -> float | None:
    """None where the window was too short for one worker to end anything in it."""
    all_of_them: float = found[f"all_{name}"]["audio_s_per_s"]
    one: float = found["one_throughput"]["audio_s_per_s"]
    return round(all_of_them / one, 3) if one > 0 else None


@asynccontextmanager
async def _started(
    bench: PoolBench, devices: Sequence[str], name: str
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
        bench = PoolBench(config, amount, clip, options.out, {})
        bench.note("weights", RANDOM_WEIGHTS if options.weights is None else str(weights))
        bench.note("drawn_s", round(time.perf_counter() - began, 1))
        asyncio.run(_measure(bench, devices))
    return 0


if __name__ == "__main__":
    sys.exit(carry_out(main))
