"""`python -m engine.bench.cluster ADDRESS`: what a Ray cluster on this machine costs and brings.

The stock voice, whose weights are real: what a chunk takes beyond the engine's own time, by pipes
and by the cluster, and how much two workers with a thread each say beside one with two threads.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from statistics import median, quantiles
from typing import Any

from engine.bench.pool import all_ready
from engine.bench.setting import TEXT
from engine.command import carry_out
from engine.host import cluster
from engine.host.limits import QueueLimits
from engine.host.local import LocalExecutor
from engine.host.pool import WorkerPool
from engine.messages import EngineConfig
from engine.speech import SpeechParameters, SpeechRequest

_CHUNKS = 100
_WINDOW_S = 30.0
_CHUNK, _SENTENCE = 24, 100  # characters
_LIMITS = QueueLimits(max_jobs=1024, heartbeat_timeout_s=60.0)


@asynccontextmanager
async def _workers(
    address: str | None, workers: int, threads: int
) -> AsyncGenerator[WorkerPool, None]:
    with tempfile.TemporaryDirectory() as home:
        config = EngineConfig(engine="stock", home=home, workers=workers, threads=threads)
        executor = (
            LocalExecutor(config, limits=_LIMITS, on_enrolled=lambda _: None)
            if address is None
            else WorkerPool(
                cluster.places(config, address, os.environ),
                limits=_LIMITS,
                on_enrolled=lambda _: None,
            )
        )
        await executor.start()
        try:
            await all_ready(executor)
            yield executor
        finally:
            await executor.close()


async def _overhead_ms(executor: WorkerPool) -> dict[str, float]:
    """What requests, one after the other, take beyond the stages that the engine counts."""
    beyond = []
    for seed in range(_CHUNKS):
        request = SpeechRequest(text=TEXT[:_CHUNK], parameters=SpeechParameters(seed=seed))
        began = time.perf_counter()
        speech = await executor.synthesise(request)
        took_ms = 1e3 * (time.perf_counter() - began)
        beyond.append(took_ms - sum(speech.stage_ms.values()))
    return {"p50": round(median(beyond), 2), "p99": round(quantiles(beyond, n=100)[-1], 2)}


async def _audio_s_per_s(executor: WorkerPool, at_once: int) -> float:
    """Seconds of sound a second with so many requests in flight; the start is left out."""
    began = time.perf_counter()
    counted_from, until = began + _WINDOW_S / 4, began + _WINDOW_S
    audio_s = 0.0

    async def client(number: int) -> None:
        nonlocal audio_s
        seed = 1000 * (number + 1)
        while time.perf_counter() < until:
            seed += 1
            parameters = SpeechParameters(seed=seed)
            speech = await executor.synthesise(
                SpeechRequest(text=TEXT[:_SENTENCE], parameters=parameters)
            )
            if counted_from <= time.perf_counter() < until:
                audio_s += speech.duration_s

    await asyncio.gather(*(client(number) for number in range(at_once)))
    return round(audio_s / (until - counted_from), 2)


async def _measure(address: str) -> dict[str, Any]:
    found: dict[str, Any] = {"load_before": os.getloadavg()[0]}
    async with _workers(None, 1, 2) as executor:
        found["pipes_overhead_ms"] = await _overhead_ms(executor)
        found["one_process_two_threads"] = await _audio_s_per_s(executor, 4)
    async with _workers(address, 2, 1) as executor:
        found["cluster_overhead_ms"] = await _overhead_ms(executor)
        found["two_actors_one_thread"] = await _audio_s_per_s(executor, 4)
    found["times_as_much"] = round(
        found["two_actors_one_thread"] / max(found["one_process_two_threads"], 0.01), 2
    )
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m engine.bench.cluster", description=__doc__)
    parser.add_argument("address", help="of the cluster's head, host:port")
    options = parser.parse_args(arguments)
    print(json.dumps(asyncio.run(_measure(options.address)), indent=2))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(carry_out(main))
