"""An evening, shortened: people and the bot come and go, and what it holds afterwards is judged."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bot.demo.evening import Evening, EveningPlan, pass_evening
from bot.demo.footprint import Footprint
from tests.end_to_end.paced_worker import paced


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
async def test_all_have_gone_home_when_it_ends(tmp_path: Path) -> None:
    """How much the bot holds, and how soon it answers, is for a quiet machine and long evenings."""
    plan = EveningPlan(servers=2, hours=2, speed=300.0, hour_s=4.0, settle_s=0.0, seed=1)
    evening = await pass_evening(plan, tmp_path, **paced(tmp_path, 0.01))
    assert evening.happened["arrivals"] == evening.happened["leaves"] > 0
    held = [one for hour in evening.after_hours for one in hour]
    assert len(held) == 2
    assert all(one.memory_mib > 20 and one.descriptors > 5 and one.threads > 1 for one in held)


def test_what_became_more_is_told() -> None:
    first = Footprint(memory_mib=200.0, descriptors=20, threads=12)
    warming_up = replace(first, memory_mib=100.0, descriptors=1, threads=1)
    evening = Evening(EveningPlan(), after_hours=[[warming_up] * 2, [first, first]])
    evening.after_hours.append([first, replace(first, memory_mib=210.0, descriptors=19)])
    assert evening.missed() == []
    evening.after_hours.append([replace(first, memory_mib=210.1), replace(first, threads=13)])
    evening.failed += ["/say in hour 2", "/say in hour 3", "/say in hour 3"]
    evening.errors.append("a task failed")
    assert evening.missed() == [
        "no answer to /say in hour 2, 1 times",
        "no answer to /say in hour 3, 2 times",
        "logged as an error: a task failed, 1 times",
        "process 0 has 210.1 MiB, not at most 210.0",
        "process 1 has 13 threads, not at most 12",
    ]
    evening.after_hours.append([first])
    assert evening.missed()[-1] == "2 processes became 1"
