"""Faults of the whole process: the gateway, REST and the worker; see `faults`."""

from collections.abc import AsyncIterator

import psutil
import pytest
import pytest_asyncio

from tests.end_to_end.conftest import Stage
from tests.end_to_end.faults import A_MOMENT, Rows, Scene, Theatre, theatre
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROWS = Rows()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Theatre]:
    async with theatre(tmp_path_factory.mktemp("faults")) as opened:
        yield opened


@ROWS.add("resumable", "lost")
async def a_lost_gateway_costs_no_word(scene: Scene, session: str) -> None:
    """With a resume voice never notices; without one the bot comes back and goes on."""
    speaking = await scene.begin()
    scene.stage.discord.gateway.disconnect(resumable=session == "resumable")
    await scene.heard_once(speaking, missing=A_MOMENT)


@ROWS.add()
async def slow_and_failing_rest_delays_no_word(scene: Scene) -> None:
    """Speech does not wait for Discord's answers to messages: 429, 500 and a stall of 15 s."""
    faults, lounge = scene.stage.discord.faults, scene.stage.lounge
    faults.rate_limit("PATCH", "/webhooks/", 1.0)
    faults.fail("PATCH", "/webhooks/", 500)
    faults.slow("PATCH", "/webhooks/", 15.0)
    speaking = await scene.begin()
    heard = await lounge.heard(since_s=speaking.began_s, quiet_ms=1500)
    assert heard.audible[-1].arrived_s - speaking.began_s < 14
    await scene.heard_once(speaking)


@ROWS.add()
async def a_killed_worker_stops_nothing_that_was_rendered(scene: Scene) -> None:
    speaking = await scene.begin()
    scene.stage.worker().kill()
    await scene.heard_once(speaking)
    await until(lambda: has_worker(scene.stage))


def has_worker(stage: Stage) -> bool:
    children = psutil.Process(stage.bot.pid).children()
    return any(child.cmdline()[-1].endswith("worker.py") for child in children)


@pytest.mark.parametrize("row", ROWS)
async def test_nothing_is_lost_in_silence(house: Theatre, row: str) -> None:
    await house.play(row, ROWS[row])
    await house.nothing_is_left()
