"""A short soak: several servers at once lose, repeat and break nothing."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.demo.recorded_worker import signed
from bot.demo.soak import Plan, soak
from bot.demo.soak_figures import compared
from bot.loopback.heard import Packet


@pytest.mark.slow  # several servers at once: tests/end_to_end/test_several_processes.py
@pytest.mark.usefixtures("quick_stock_voice")
async def test_five_servers_speak_at_once_what_no_cache_knows(tmp_path: Path) -> None:
    """The full figures are for a quiet machine; what must never happen must not here either."""
    figures = await soak(Plan(5, 5.0, uncached=True, processes=2), tmp_path)
    assert figures.utterances >= 5
    assert 5 < figures.gap_p50_ms < 50
    assert figures.first_start_p99_ms > 0
    if sys.platform == "linux":  # which says what each thread took
        assert figures.cores_by_thread.keys() >= {"event loop", "sender", "thread pool"}
        assert abs(sum(figures.cores_by_thread.values()) - figures.cores) < 0.1
        assert figures.loopback_cores > 0
    # How soon and how punctual depends on what else the machine does.
    quiet = {"start_p99_ms": 1.0, "gap_p99_ms": 21.0, "loop_lag_p99_ms": 1.0, "cores": 0.1}
    quiet["first_start_p99_ms"] = 201.0
    assert replace(figures, **quiet, packets_in_time=1.0).missed() == []
    late = replace(figures, **{**quiet, "gap_p99_ms": 30.1}, lost_utterances=1, packets_in_time=0.9)
    assert late.missed() == [
        "lost_utterances is 1, not at most 0",
        "gap_p99_ms is 30.1, not at most 30",
        "packets_in_time is 90.0000%, not all",
    ]


def test_the_soak_notices_what_begins_late_is_broken_or_missing() -> None:
    line = [b"a", b"b"]

    def heard(moments: list[float], packets: list[bytes]) -> list[Packet]:
        nothing = np.zeros((0, 2), np.int16)
        return [
            Packet(moment, 1, number, 0, True, 1, opus, nothing, 0.0)
            for number, (moment, opus) in enumerate(zip(moments, packets, strict=True))
        ]

    found = compared(heard([1.1, 1.12, 9.0, 9.03], line * 2), line, [1.0, 7.0])
    assert (found.whole, found.broken, found.in_time) == (2, 0, 2)
    assert [round(start) for start in found.starts_ms] == [100, 2000]
    assert [round(gap) for gap in found.gaps_ms] == [20, 30]
    assert compared(heard([1.1, 1.12, 1.2], [b"a", b"a", b"a"]), line, [1.0, 7.0]).broken == 2
    assert compared([], line, [1.0]).whole == 0


def test_each_line_has_another_speaker() -> None:
    lines = {signed("It is late.", number) for number in range(20_000)}
    assert len(lines) == 20_000
    assert {line.partition(", said ")[0] for line in lines} == {"It is late"}
