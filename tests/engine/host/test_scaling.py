"""More workers while much waits, fewer when it is quiet, and no voice kept by any of them."""

import asyncio
from pathlib import Path

from engine.host import cluster, scaling
from engine.host.scaling import Scaling
from engine.messages import EngineConfig
from tests.engine.host.test_pool import _ready, _voice, pool
from tests.engine.scripted_executor import ask, is_speech_of, journal, until

MORE, LESS = scaling._LOOKS_BEFORE_MORE, scaling._LOOKS_BEFORE_LESS


def _looks(of: Scaling, count: int, *, jobs: int, workers: int) -> list[int]:
    return [of.look(jobs, 4, workers) for _ in range(count)]


def test_as_many_are_added_as_take_all_that_waits_but_not_for_a_burst() -> None:
    some = Scaling(1, 4)
    assert _looks(some, MORE, jobs=9, workers=1) == [0] * (MORE - 1) + [2]
    assert _looks(some, MORE - 1, jobs=100, workers=3) == [0] * (MORE - 1)
    assert _looks(some, 1, jobs=0, workers=3) == [0]
    assert _looks(some, MORE, jobs=100, workers=3)[-1] == 1  # no more than four
    assert _looks(some, MORE, jobs=100, workers=4)[-1] == 0


def test_one_at_a_time_is_let_go_after_a_long_quiet() -> None:
    some = Scaling(1, 4)
    assert _looks(some, LESS, jobs=4, workers=3) == [0] * (LESS - 1) + [-1]
    assert not any(_looks(some, LESS - 1, jobs=4, workers=2))
    assert not any(_looks(some, 1, jobs=5, workers=2))
    assert not any(_looks(some, LESS - 1, jobs=0, workers=2))
    assert not any(_looks(some, LESS, jobs=0, workers=1))  # never less than one


def test_a_cluster_has_as_many_places_as_the_settings_allow_each_under_its_own_name() -> None:
    config = EngineConfig(engine="stock", home="here", workers=2)
    assert cluster.scaling_of(config, 0) is None
    assert cluster.scaling_of(config, 2) is None
    assert cluster.scaling_of(config, 5) == Scaling(2, 5)
    for workers_max, places in ((0, 2), (1, 2), (5, 5)):
        found = cluster.places(config, "head:1", {"TOKEN": "a"}, workers_max)
        *_, address, names, holders = zip(*(place.command for place in found), strict=True)
        assert (set(address), len(set(names)), len(set(holders))) == ({"head:1"}, places, 1)
        assert all((p.config.home, p.environment) == ("", {"TOKEN": "a"}) for p in found)


async def test_a_worker_comes_with_the_backlog_and_goes_with_it(tmp_path: Path) -> None:
    """It forgets, before it speaks, a voice that was forgotten while it was not there."""
    identity = _voice("e").identity
    async with pool(tmp_path, {}, {}, ready=1, scaling=Scaling(1, 2, every_s=0.005)) as executor:
        assert len(executor.status().workers) == 1
        await executor.forget(identity)
        assert journal(tmp_path / "0", "forgot") == [identity]

        async def keep_asking(number: int) -> None:
            while _ready(executor) < 2:
                text = f"slow 0.01 {number}"
                assert is_speech_of(await executor.synthesise(ask(text)), text)

        for _ in range(2):
            async with asyncio.timeout(60):
                await asyncio.gather(*(keep_asking(number) for number in range(4)))
            await until(lambda: len(executor.status().workers) == 1, 60)
            assert is_speech_of(await executor.synthesise(ask("alone")), "alone")
        assert executor.status().restarts == 0
    assert journal(tmp_path / "1", "forgot", "begin")[0] == identity
    assert len(journal(tmp_path / "1", "forgot")) == 1
