"""Several processes with one token make no more requests than Discord allows them together."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import discord
import pytest

from bot.base.discord_address import connector
from bot.base.loopback_address import LoopbackAddress
from bot.base.rest_turns import RestTurns
from bot.loopback import LoopbackDiscord
from bot.loopback.rest import GLOBALLY_FOR_S
from data.pauses import REST_MOST_S, PauseStore
from data.store import Store
from tests.store import Clock

PER_S = 50


class Processes:
    """Clients of one Discord, each with a connection of its own to one database."""

    def __init__(self, server: LoopbackDiscord, database: Path, open_ones: AsyncExitStack) -> None:
        self.server = server
        self.told_to_wait = asyncio.Event()
        self._database = database
        self._open = open_ones

    async def client(self) -> discord.Client:
        store = await Store.open(self._database)
        self._open.push_async_callback(store.close)
        trace = RestTurns(store.pauses, PER_S).trace()
        trace.on_request_end.append(self._note)
        client = discord.Client(
            intents=discord.Intents.none(),
            connector=connector(
                LoopbackAddress.parse(f"127.0.0.1:{self.server.port}"), self.server.certificate
            ),
            http_trace=trace,
        )
        await self._open.enter_async_context(client)
        await client.login(self.server.token)
        return client

    async def _note(
        self, _session: object, _context: object, ended: aiohttp.TraceRequestEndParams
    ) -> None:
        if ended.response.status == 429:
            self.told_to_wait.set()


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with other work has time to let another connection's write end."""
    monkeypatch.setattr("data.database.BUSY_TIMEOUT_S", 30.0)


@pytest.fixture
async def processes(tmp_path: Path) -> AsyncIterator[Processes]:
    async with LoopbackDiscord() as server, AsyncExitStack() as open_ones:
        yield Processes(server, tmp_path / "timbre.db", open_ones)


async def test_where_one_is_told_to_wait_all_of_them_do(processes: Processes) -> None:
    one, other = await processes.client(), await processes.client()
    faults = processes.server.faults
    faults.requests_per_s = 0
    asking = asyncio.create_task(one.application_info())
    await asyncio.wait_for(processes.told_to_wait.wait(), 60)
    faults.requests_per_s = None
    faults.answered_s.clear()
    await other.application_info()
    await asyncio.wait_for(asking, 60)
    [refused_s] = faults.refused_s
    assert len(faults.answered_s) == 2
    assert faults.answered_s[0] - refused_s >= GLOBALLY_FOR_S - 0.05


async def test_they_share_what_is_allowed_in_a_second(processes: Processes) -> None:
    clients = [await processes.client() for _ in range(3)]
    answered = processes.server.faults.answered_s
    answered.clear()
    begun = time.monotonic()
    await asyncio.gather(*(one.application_info() for one in clients for _ in range(20)))
    assert len(answered) == 60
    # Five at once, 40 a second; each alone would have made its own in less than half of it.
    assert answered[-1] - begun >= (60 - 5) / 40 - 0.1


@pytest.mark.parametrize("per_s", [1, 7, 50, 500])
async def test_no_second_has_more_than_discord_allows(
    store: Store, clock: Clock, per_s: int
) -> None:
    turns = RestTurns(store.pauses, per_s)
    begun, moments = clock.now, []
    for number in range(min(5 * per_s, 300)):
        moments.append(clock.now - begun + await _turn(store.pauses, turns))
        clock.now += 0.5 / per_s if number % 3 == 0 else 0.0
    for moment in moments:
        assert sum(moment <= other < moment + 1 for other in moments) <= per_s
    clock.now += REST_MOST_S
    assert await _turn(store.pauses, turns) == 0.0


async def test_a_clock_that_was_set_back_holds_nobody_up(store: Store, clock: Clock) -> None:
    turns = RestTurns(store.pauses, PER_S)
    await store.pauses.rest_not_within(30.0, 1 / 40, 5)
    assert await _turn(store.pauses, turns) == pytest.approx(30.0)
    clock.now -= 3600.0
    assert await _turn(store.pauses, turns) == 0.0
    await store.pauses.rest_not_within(86_400.0, 1 / 40, 5)
    assert await _turn(store.pauses, turns) <= REST_MOST_S


async def _turn(pauses: PauseStore, turns: RestTurns) -> float:
    return await pauses.rest_in(turns._every_s, turns._at_once)
