"""`python -m engine.bench.scale`: simulate, and write a page, a picture and all figures.

It takes some minutes of one core. The same seed gives the same figures.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from engine.bench.scale.assumptions import ASSUMED, Assumptions
from engine.bench.scale.sizing import WANTED_MS, Load, Simulation, Size

plt.switch_backend("Agg")  # a picture is written to a file, with no display

#: Of a machine's servers at the wanted p95, for the picture.
_SHARES = (0.2, 0.4, 0.6, 0.8, 0.9, 1.0, 1.1, 1.2)
#: What is tried instead, for one number of servers.
_OTHERWISE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("as it is", {}),
    ("T3 and S3Gen do not slow each other", {"sharing": 1.0}),
    ("each at 0.6 of its speed while both run", {"sharing": 0.6}),
    ("one batch handed over at a time", {"waveform_batches": 1}),
    ("twice as many messages", {"messages_per_minute": 10.0}),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; 0, or 2 with a sentence on stderr where the results cannot be written."""
    parser = argparse.ArgumentParser(prog="engine.bench.scale", description=__doc__)
    out_help = "folder for scale.md, scale.json and scale.png; default: docs/benchmarks"
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"), help=out_help)
    parser.add_argument("--servers", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--seconds", type=float, default=120.0, help="of the busiest hour")
    parser.add_argument("--seed", type=int, default=17)
    asked = parser.parse_args(arguments)
    if min(asked.servers) < 1 or not 1 <= asked.seconds <= 3600:
        parser.error("--servers are at least 1, --seconds are 1 to 3600")
    try:
        asked.out.mkdir(parents=True, exist_ok=True)
        _run(asked.out, sorted(asked.servers), asked.seconds, asked.seed)
    except OSError as error:
        sys.stderr.write(f"--out: {asked.out} cannot be written: {error.strerror}.\n")
        return 2
    return 0


def _run(out: Path, servers: list[int], seconds: float, seed: int) -> None:
    given = Assumptions()
    simulation = Simulation(given, seconds, hour_seconds=seconds / 2, seed=seed)
    sizes = []
    for count in servers:
        sizes.append(simulation.size(count))
        peak = sizes[-1].peak
        _say(f"{count:,} servers: {sizes[-1].cards} cards, p95 {peak.p95_ms:.0f} ms")
    largest = sizes[-1].peak.servers_per_card
    cards = min(sizes[-1].cards, given.host_cards)
    curve = [
        simulation.load(share * largest * cards, cards, simulation.busiest, seconds / 2)
        for share in _SHARES
    ]
    middle = servers[len(servers) // 2]
    otherwise = []
    for name, changed in _OTHERWISE:
        other = Simulation(replace(given, **changed), seconds / 2, seed=seed)
        otherwise.append((name, other.cards_for(middle)))
        _say(f"{middle:,} servers, {name}: {otherwise[-1][1]} cards")
    page = _page(simulation, sizes, middle, otherwise)
    (out / "scale.md").write_text(page, "utf-8")
    figures = {
        "seed": seed,
        "seconds": seconds,
        "sizes": [asdict(size) | {"usd_day": size.usd_day} for size in sizes],
        "one_machine": [asdict(load) for load in curve],
        "otherwise": {"servers": middle, "cards": dict(otherwise)},
        "limits": [{"servers": at, "what": what} for at, what in simulation.limits(largest)],
        "assumptions": [row._asdict() for row in given.rows()],
    }
    text = json.dumps(_rounded(figures), indent=1) + "\n"
    (out / "scale.json").write_text(text, "utf-8")
    _plot(sizes, curve, out / "scale.png")
    _say(f"Results are in {out}.")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command's answer


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return value


def _page(
    simulation: Simulation, sizes: list[Size], middle: int, otherwise: list[tuple[str, int]]
) -> str:
    largest = sizes[-1].peak
    return "\n".join(
        [
            "# Many servers, simulated",
            "",
            "**Nothing here was measured at that size.** `python -m engine.bench.scale` writes "
            "this page, [scale.json](scale.json) and the picture. It simulates, event by event, "
            f"one machine of up to {simulation.given.host_cards} H200 cards with its share of the "
            "servers: messages that arrive at random, cut into chunks, one queue, first chunks "
            "before all others, decoding batches, S3Gen's batches, voices that are known or not. "
            "Times of one card are an H200's before it had kernels of its own "
            "([h200/triton.json](h200/triton.json); a step and batches as they took then), from "
            "random weights: it is faster now, and fewer would do. How much people write is "
            "assumed.",
            "",
            f"Cards are the fewest with which p95 of first sound is at most {WANTED_MS:.0f} ms in "
            "the busiest hour, none to spare for one that fails. First sound is from the request "
            "to samples in the bot; the way through Discord is not in it.",
            "",
            *_table([("busiest hour", *(f"{s.servers:,} servers" for s in sizes)), *_lines(sizes)]),
            "",
            "Near that limit draws differ: another window of the busiest hour gave "
            f"{sizes[-1].hours[simulation.busiest].p95_ms:.0f} ms for {largest.p95_ms:.0f} with "
            f"{sizes[-1].servers:,} servers. The picture's middle shows what a tenth more cards "
            "are worth.",
            "",
            "![Many servers](scale.png)",
            "",
            "## What breaks first",
            "",
            "By these assumptions, what is the limit at how many servers:",
            "",
            *_table(
                [
                    ("servers", "limit"),
                    *(
                        (f"{at:,.0f}", what)
                        for at, what in simulation.limits(largest.servers_per_card)
                    ),
                ]
            ),
            "",
            f"On a card that is as full as that, S3Gen runs {100 * largest.busy:.0f} % of the time "
            f"in batches of {largest.mean_batch:.1f} utterances on average, and makes "
            f"{largest.sound_per_card:.0f} seconds of sound a second; batches of eight and "
            "sixteen would make twice as many and more. A batch is made of what is decoded when "
            "the one before begins, so it is small until a queue has formed.",
            "",
            f"## Otherwise, for {middle:,} servers",
            "",
            *_table([("what differs", "cards"), *((name, str(n)) for name, n in otherwise)]),
            "",
            "## The model beside what was measured as a whole",
            "",
            *_table(
                [
                    ("figure", "simulated", "measured"),
                    *((n, f"{a:.1f}", f"{b:.1f}") for n, a, b in simulation.checks()),
                ]
            ),
            "",
            "The second is slower than it was: that run's voice was the stock one, whose prompt "
            "may be shorter than ten seconds.",
            "",
            "## Assumptions",
            "",
            *_table(
                [
                    ("what", "value", "from"),
                    *(
                        (row.what, _value(row.value), _source(row.source))
                        for row in simulation.given.rows()
                    ),
                ]
            ),
            "",
        ]
    )


def _lines(sizes: list[Size]) -> list[tuple[str, ...]]:
    peaks = [size.peak for size in sizes]
    rows: list[tuple[str, list[str]]] = [
        ("servers with the bot in a channel", [f"{s.in_channel:,.0f}" for s in sizes]),
        ("of them sounding at a time", [f"{s.sounding:,.0f}" for s in sizes]),
        ("messages a second", [f"{s.messages_per_s:,.0f}" for s in sizes]),
        ("**cards**", [f"**{s.cards:,}**" for s in sizes]),
        ("machines", [f"{s.machines:,}" for s in sizes]),
        (
            "first sound, p50 / p95 / p99, ms",
            [f"{p.p50_ms:.0f} / {p.p95_ms:.0f} / {p.p99_ms:.0f}" for p in peaks],
        ),
        ("later chunks after a gap, %", [f"{p.late_percent:.2f}" for p in peaks]),
        ("S3Gen's share of the time, %", [f"{100 * p.busy:.0f}" for p in peaks]),
        ("Discord processes", [f"{s.processes:,}" for s in sizes]),
        ("cores for them", [f"{s.cores:,}" for s in sizes]),
        ("shards", [f"{s.shards:,}" for s in sizes]),
        ("all shards identified in, minutes", [f"{s.restart_min:.1f}" for s in sizes]),
        ("database statements a second", [f"{s.statements_per_s:,.0f}" for s in sizes]),
        ("sound out, Gbit/s", [f"{s.gbit_s:.2f}" for s in sizes]),
        ("cards, dollars a day", [f"{s.cards_usd_day:,.0f}" for s in sizes]),
        (
            "the same, as many as each hour wants",
            [f"{s.cards_usd_day_following:,.0f}" for s in sizes],
        ),
        ("cores, dollars a day", [f"{s.cores_usd_day:,.0f}" for s in sizes]),
        ("traffic, dollars a day", [f"{s.traffic_usd_day:,.2f}" for s in sizes]),
        ("**all, dollars a day**", [f"**{s.usd_day:,.0f}**" for s in sizes]),
        (
            "all, dollars a month for 1,000 servers",
            [f"{30e3 * s.usd_day / s.servers:,.2f}" for s in sizes],
        ),
    ]
    return [(name, *values) for name, values in rows]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return [head, "|" + "---|" * len(rows[0]), *body]


def _value(value: object) -> str:
    if isinstance(value, tuple) and isinstance(value[0], tuple):
        return ", ".join(f"{x:g}: {y:g}" for x, y in value)
    if isinstance(value, tuple):
        return ", ".join(f"{each:g}" for each in value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def _source(source: str) -> str:
    if source == ASSUMED:
        return source
    name = source.removeprefix("docs/benchmarks/")
    return f"[{name}]({name})" if name != source else f"`{source}`"


def _plot(sizes: list[Size], curve: list[Load], file: Path) -> None:
    figure, (by_hour, by_load, by_size) = plt.subplots(1, 3, figsize=(15, 4.2))
    for size in sizes:
        label = f"{size.servers:,} servers, {size.cards:,} cards"
        by_hour.plot(range(24), [load.p95_ms for load in size.hours], marker=".", label=label)
    by_hour.axhline(WANTED_MS, color="#b0b7c3", linestyle="--")
    by_hour.set(xlabel="hour of day", ylabel="ms", title="p95 of first sound", ylim=(0, None))
    by_hour.legend(fontsize=8)
    loads = [load.servers_per_card for load in curve]
    for name in ("p50_ms", "p95_ms", "p99_ms"):
        by_load.plot(loads, [getattr(load, name) for load in curve], marker=".", label=name[:3])
    by_load.axhline(WANTED_MS, color="#b0b7c3", linestyle="--")
    by_load.set(xlabel="servers a card, busiest hour", title="First sound, ms", ylim=(0, 1000))
    by_load.legend()
    servers = [size.servers for size in sizes]
    for name, values in (
        ("cards", [size.cards for size in sizes]),
        ("Discord processes", [size.processes for size in sizes]),
        ("shards", [size.shards for size in sizes]),
    ):
        by_size.loglog(servers, values, marker="o", label=name)
    by_size.set(xlabel="servers", title="What they take")
    by_size.legend()
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    plt.close(figure)
