"""`python -m bot.demo.cached`: how long speech that was rendered before takes to its first packet.

Through the speech service, the cache and the database that the bot has, with the stock voice. From
the request to the first Opus packet, one request after the other; Discord takes no part.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path

from bot import settings as settings_module
from bot.demo.soak import LINE
from bot.services import open_services
from bot.speech.saying import Sayings
from bot.speech.speaker import Speaker


@dataclass(frozen=True)
class CachedFigures:
    """Milliseconds from a request to its first packet, and what they were measured on."""

    times: int
    rendered_ms: float  # the first request, which the engine made
    p50_ms: float
    p99_ms: float
    load_average_1_min: float
    cpus: int
    python: str
    system: str


async def measure(sayings: Sayings, times: int) -> CachedFigures:
    """Ask for one line `times` times, at least twice, after it was rendered.

    Raises `RuntimeError` where a request is not answered from the cache.
    """
    rendered_ms, _ = await _first_packet_ms(sayings)
    taken = []
    for _ in range(times):
        milliseconds, cached = await _first_packet_ms(sayings)
        if not cached:
            raise RuntimeError("the engine was asked for speech that should have been kept")
        taken.append(milliseconds)
    percentiles = statistics.quantiles(taken, n=100, method="inclusive")
    return CachedFigures(
        times=times,
        rendered_ms=round(rendered_ms, 1),
        p50_ms=round(percentiles[49], 2),
        p99_ms=round(percentiles[98], 2),
        load_average_1_min=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0,
        cpus=os.cpu_count() or 0,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
    )


async def _first_packet_ms(sayings: Sayings) -> tuple[float, bool]:
    """How long the line took to its first packet, and whether it was kept."""
    started = time.perf_counter()
    saying = await sayings.in_voice([LINE], Speaker(guild_id=1, user_id=1))
    async with aclosing(saying.clips()) as clips:
        clip = await anext(clips)
        return 1e3 * (time.perf_counter() - started), clip.cached


async def _run(times: int) -> CachedFigures:
    async with open_services(settings_module.load()) as services:
        await services.executor.engine_info()
        return await measure(services.sayings, times)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bot.demo.cached", description=__doc__)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--out", type=Path, help="such as docs/benchmarks/cached.json")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(TIMBRE_HOME=home, TIMBRE_DATABASE="", TIMBRE_ENGINE="stock")
        figures = asyncio.run(_run(options.times))
    text = json.dumps(asdict(figures), indent=2) + "\n"
    sys.stdout.write(text)
    if options.out is not None:
        options.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
