"""Measure what a Ray cluster costs and brings on this machine, and write the page that says so.

The way: what a request takes with a worker that has its sound at once, on pipes and on the cluster
in turn. The gain: how much speech two actors with a thread each make beside one process with two
threads, also in turn, so that both have the machine at its best and at its worst. The voice is the
stock one, whose weights are real. Needs Ray; starts a cluster of its own, with a token.
"""

import argparse
import asyncio
import importlib.util
import json
import logging
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from engine.bench.cluster import calls
from engine.bench.cluster.given_sound import SECONDS
from engine.bench.cluster.head import RayHead, ray_head
from engine.host import cluster
from engine.host.limits import QueueLimits
from engine.host.local import LocalExecutor
from engine.host.pool import WorkerPool
from engine.host.seat import WorkerPlace
from engine.messages import EngineConfig
from engine.speech import SpeechParameters, SpeechRequest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

#: Requests one after the other, after the first few, in each turn of each side.
_REQUESTS, _WARM_UPS, _TURNS = 200, 20, 3
#: Windows of each side while two threads' worth of speech is made, four requests in flight.
_WINDOW_S, _AT_ONCE = 12.0, 4
_LIMITS = QueueLimits(max_jobs=1024, heartbeat_timeout_s=60.0)  # a cluster's is its own
_GIVEN = (sys.executable, "-m", "engine.bench.cluster.worker")
_TEXT = "The night train to the coast leaves from platform nine."
_FATES = {"nothing": None, "killed": signal.SIGKILL, "stopped": signal.SIGSTOP}
#: What is wanted of them: milliseconds more than on pipes, and times as much speech.
P50_MS, P99_MS, TIMES_AS_MUCH = 3.0, 8.0, 1.2
#: Seconds more than without a loss.
_LOST_S = {"killed": 2.5, "stopped": 7.0}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; 0, or 2 with a sentence on stderr for what is missing."""
    parser = argparse.ArgumentParser(prog="python -m engine.bench.cluster", description=__doc__)
    out_help = "folder for cluster.md and cluster.json; default: var/bench"
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help=out_help)
    options = parser.parse_args(arguments)
    if importlib.util.find_spec("ray") is None:
        sys.stderr.write("Ray is not installed: pip install ray==2.60.0 installs it.\n")
        return 2
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    options.out.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # the head ends first
    with ray_head(
        cpus=3
    ) as head:  # one is kept a while by the actor that the way was measured with
        found = asyncio.run(_measure(head))
    (options.out / "cluster.json").write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    (options.out / "cluster.md").write_text(_page(found), "utf-8")
    console = Console(width=None if sys.stdout.isatty() else 120)
    table = Table(title=f"Ray on this machine ({found['machine']})", title_justify="left")
    for heading in _HEADINGS:
        table.add_column(heading)
    for row in _rows(found):
        table.add_row(*row)
    console.print(table)
    console.print(f"Results are in {options.out}.", highlight=False)
    return 0


async def _measure(head: RayHead) -> dict[str, Any]:
    load_before = os.getloadavg()[0]
    print(f"{time.strftime('%H:%M:%S')}  the way of a chunk", flush=True)  # noqa: T201
    way = await _measure_way(head)
    print(f"{time.strftime('%H:%M:%S')}  {way}; speech a second", flush=True)  # noqa: T201
    gain = await _measure_gain(head)
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} processors",
        "python": platform.python_version(),
        "ray": version("ray"),
        "load_before": round(load_before, 2),
        "load_after": round(os.getloadavg()[0], 2),
        "way_ms": way,
        "gain": gain,
    }


@asynccontextmanager
async def _workers(
    places: Sequence[WorkerPlace] | None,
    config: EngineConfig,
    command: Sequence[str] | None,
) -> "AsyncGenerator[WorkerPool, None]":
    """Workers that are ready: on `places` of a cluster, or else started by `command` here."""
    executor = (
        LocalExecutor(config, limits=_LIMITS, on_enrolled=lambda _: None, command=command)
        if places is None
        else WorkerPool(
            places,
            limits=cluster.limits_of(_LIMITS),
            on_enrolled=lambda _: None,
            restarts=cluster.RESTARTS,
        )
    )
    await executor.start()
    try:
        await _all_ready(executor)
        yield executor
    finally:
        await executor.close()


async def _all_ready(executor: WorkerPool) -> None:
    """Raises `RuntimeError` where a worker cannot be had: there is nothing to compare then."""
    while any(worker.state != "ready" for worker in executor.status().workers):
        for worker in executor.status().workers:
            if worker.state == "unavailable":
                raise RuntimeError(f"{worker.name}: {worker.detail}")
        await asyncio.sleep(0.02)


async def _measure_way(head: RayHead) -> dict[str, dict[str, float]]:
    """Milliseconds of a request, p50 and p99 over all turns, by side, and of calls of Ray alone."""
    async with AsyncExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        config = EngineConfig(engine="stock", home=home, threads=1)
        places = [
            replace(place, command=(*_GIVEN, *place.command[3:]))
            for place in cluster.places(config, head.address, os.environ | head.variables)
        ]
        sides = {
            "pipes": await stack.enter_async_context(_workers(None, config, _GIVEN)),
            "cluster": await stack.enter_async_context(_workers(places, config, None)),
        }
        took: dict[str, list[float]] = {side: [] for side in sides}
        for turn in range(_TURNS):
            for side, executor in sides.items():
                took[side] += await _times_ms(executor, turn)
    took |= await calls.measure(head)  # what Ray would take to carry it
    return {
        side: {"p50": round(median(times), 2), "p99": round(quantiles(times, n=100)[-1], 2)}
        for side, times in took.items()
    }


async def _times_ms(executor: WorkerPool, turn: int) -> list[float]:
    times = []
    for number in range(_WARM_UPS + _REQUESTS):
        parameters = SpeechParameters(seed=turn * 1000 + number)
        began = time.perf_counter()
        await executor.synthesise(SpeechRequest(text=_TEXT, parameters=parameters))
        times.append(1e3 * (time.perf_counter() - began))
    return times[_WARM_UPS:]


async def _measure_gain(head: RayHead) -> dict[str, Any]:
    """Seconds of sound a second, by side and window."""
    async with AsyncExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        one = EngineConfig(engine="stock", home=home, threads=2)
        two = EngineConfig(engine="stock", home=home, workers=2, threads=1)
        places = cluster.places(two, head.address, os.environ | head.variables)
        sides = {
            "one process, two threads": await stack.enter_async_context(_workers(None, one, None)),
            "two actors": await stack.enter_async_context(_workers(places, two, None)),
        }
        made: dict[str, list[float]] = {side: [] for side in sides}
        for executor in sides.values():
            await _audio_s_per_s(executor, 0, 3.0)  # what is loaded at first
        for turn in range(_TURNS):
            for side, executor in sides.items():
                made[side].append(await _audio_s_per_s(executor, turn + 1, _WINDOW_S))
        lost = await _measure_losses(sides["two actors"], head)
    alone, actors = (median(windows) for windows in made.values())
    return {"audio_s_per_s": made, "times_as_much": round(actors / alone, 2), "lost_s": lost}


async def _measure_losses(executor: WorkerPool, head: RayHead) -> dict[str, float]:
    """Seconds until two pieces, one on each actor, are both spoken, by what befalls one of them."""
    found = {}
    for turn, (name, fate) in enumerate(_FATES.items()):
        await _all_ready(executor)
        asked = asyncio.gather(
            *(
                executor.synthesise(
                    SpeechRequest(text=_TEXT, parameters=SpeechParameters(seed=10 * turn + number))
                )
                for number in range(2)
            )
        )
        while executor.status().running < 2:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.005)
        began = time.perf_counter()
        if fate is not None:
            os.kill(head.actors()[0], fate)
        await asked
        found[name] = round(time.perf_counter() - began, 2)
    return found


async def _audio_s_per_s(executor: WorkerPool, turn: int, window_s: float) -> float:
    """With requests in flight all the time; the time counts until the last one has ended."""
    began = time.perf_counter()
    audio_s = 0.0

    async def client(number: int) -> None:
        nonlocal audio_s
        seed = 100_000 * turn + 10_000 * number
        while time.perf_counter() < began + window_s:
            seed += 1
            parameters = SpeechParameters(seed=seed)
            speech = await executor.synthesise(SpeechRequest(text=_TEXT, parameters=parameters))
            audio_s += speech.duration_s

    await asyncio.gather(*(client(number) for number in range(_AT_ONCE)))
    return round(audio_s / (time.perf_counter() - began), 2)


_HEADINGS = ("figure", "pipes", "Ray", "difference", "wanted", "")


def _rows(found: dict[str, Any]) -> list[tuple[str, ...]]:
    way, gain = found["way_ms"], found["gain"]
    rows: list[tuple[str, ...]] = []
    for name, most in (("p50", P50_MS), ("p99", P99_MS)):
        pipes, actors = way["pipes"][name], way["cluster"][name]
        more = actors - pipes
        figures = f"{pipes:.2f}", f"{actors:.2f}", f"{more:+.2f}", f"<= {most:g}"
        rows.append((f"a chunk of {SECONDS:g} s, {name}, ms", *figures, _verdict(more <= most)))
    for kind, name in calls.NAMES.items():
        found_of_it = " / ".join(f"{way[kind][each]:.2f}" for each in ("p50", "p99"))
        rows.append((f"{name}, p50 / p99, ms", "", found_of_it, "", "", ""))
    alone, actors = (median(windows) for windows in gain["audio_s_per_s"].values())
    times = gain["times_as_much"]
    figures = f"{alone:.2f}", f"{actors:.2f}", f"x {times:.2f}", f">= x {TIMES_AS_MUCH:g}"
    name = "seconds of sound a second: one process with two threads, two actors with one"
    rows.append((name, *figures, _verdict(times >= TIMES_AS_MUCH)))
    lost = gain["lost_s"]
    for fate, most in _LOST_S.items():
        more = lost[fate] - lost["nothing"]
        figures = "", f"{lost[fate]:.2f}", f"{more:+.2f}", f"<= {most:g}"
        rows.append(
            (f"two pieces, an actor {fate} in the middle, s", *figures, _verdict(more <= most))
        )
    return rows


def _verdict(met: bool) -> str:
    return "met" if met else "**missed**"


def _page(found: dict[str, Any]) -> str:
    table = [_HEADINGS, tuple("---" for _ in _HEADINGS), *_rows(found)]
    rows = "\n".join(f"| {' | '.join(row)} |" for row in table)
    made = found["gain"]["audio_s_per_s"]
    windows = "; ".join(
        f"{side}: {', '.join(f'{each:g}' for each in each_side)}"
        for side, each_side in made.items()
    )
    return f"""# Ray on one machine

`python -m engine.bench.cluster --out docs/benchmarks` measured this and wrote it:
{found["machine"]}, Python {found["python"]}, Ray {found["ray"]} with a token, load
{found["load_before"]} before and {found["load_after"]} after. Bot, relays, head and actors share
the processors.

{rows}

The way is measured with a worker that has its sound at once, {_TURNS} x {_REQUESTS} requests a side
in turn: what a request takes from the executor and back. The relay, its connection to the actor,
the cipher and int16 are in it, the engine is not. Calls of Ray, which carried speech once and now
place engines alone, are measured from one process to an actor, without anything else.

The gain is the stock voice's, whose weights are real, with {_AT_ONCE} requests in flight, in
windows of {_WINDOW_S:g} s in turn ({windows}).
"""
