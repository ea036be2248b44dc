"""Processes that share a home: who has which shards, who is told what, who is given up."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from pathlib import Path

import pytest

from bot.base.peers import LEASE_S, HomeTaken, Peers
from bot.base.shards import Shards
from data.errors import RuleBroken
from data.store import Store
from tests.store import Clock
from tests.waiting import until


class Ears:
    """A listener that notes what it was told, and acts on it once it may."""

    def __init__(self) -> None:
        self.silenced: list[str] = []
        self.standing: list[str] = []
        self.may_act = asyncio.Event()
        self.may_act.set()

    def act_on(self, content: str) -> AbstractAsyncContextManager[None]:
        self.silenced.append(content)
        return self._act(content)

    @asynccontextmanager
    async def _act(self, content: str) -> AsyncGenerator[None, None]:
        await self.may_act.wait()
        self.standing.append(content)
        yield
        self.standing.remove(content)

    def cut_off(self) -> AbstractContextManager[None]:
        return nullcontext()


class Block:
    """Processes on one home, each with a connection of its own; their clocks are one."""

    def __init__(self, home: Path, open_ones: AsyncExitStack) -> None:
        self.home = home
        self.clock = Clock()
        self._open = open_ones

    async def process(self, shards: str | None) -> tuple[Peers, Store]:
        store = await Store.open(self.home / "timbre.db", self.clock)
        self._open.push_async_callback(store.close)
        found = Shards.parse(shards) if shards else None
        peers = Peers(store, self.home, found, clock=self.clock)
        self._open.push_async_callback(peers.leave)
        return peers, store

    async def joined(self, shards: str, ears: Ears | None = None) -> tuple[Peers, Store]:
        """One that has joined; it listens where it has ears."""
        peers, store = await self.process(shards)
        await peers.join()
        if ears is not None:
            task = asyncio.create_task(peers.run(ears))
            self._open.callback(task.cancel)
        return peers, store


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with other work has time to let another connection's write end."""
    monkeypatch.setattr("data.database.BUSY_TIMEOUT_S", 30.0)


@pytest.fixture
async def block(tmp_path: Path) -> AsyncIterator[Block]:
    async with AsyncExitStack() as open_ones:
        yield Block(tmp_path, open_ones)


async def test_no_two_processes_have_one_shard(block: Block) -> None:
    """Nor do they count differently, nor is there one with all beside them."""
    first, _ = await block.joined("0-1/4")
    assert first.first
    for taken, sentence in (
        ("1-2/4", "1-2/4 overlaps with a bot process that has the shards 0-1"),
        ("2-3/8", "2-3/8 does not go with a bot process that counts 4 shards"),
        (None, "bot processes with shards of their own are running"),
    ):
        peers, _ = await block.process(taken)
        with pytest.raises(HomeTaken, match=f"^{sentence}$"):
            await peers.join()
    second, _ = await block.joined("2-3/4")
    assert not second.first
    assert await first.leads()
    assert not await second.leads()
    waiting, _ = await block.process("0-1/4")
    join = asyncio.create_task(waiting.join(waiting=True))
    await first.leave()
    await asyncio.wait_for(join, 60)
    assert not waiting.first
    assert await waiting.leads()


async def test_a_notice_is_told_once_all_have_acted_on_it(block: Block) -> None:
    """Silence comes at once, the acknowledgement when all is done; and it ends with the notice."""
    ears = Ears()
    ears.may_act.clear()
    sender, _ = await block.joined("0/2")
    await block.joined("1/2", ears)
    entered = asyncio.Event()

    async def tell() -> None:
        async with sender.told("be silent"):
            entered.set()
            await asyncio.sleep(0)

    telling = asyncio.create_task(tell())
    await until(lambda: ears.silenced == ["be silent"])
    assert not entered.is_set()
    ears.may_act.set()
    await asyncio.wait_for(telling, 60)
    assert entered.is_set()
    await until(lambda: not ears.standing)
    assert ears.silenced == ["be silent"]


async def test_one_that_is_frozen_is_given_up_and_writes_nothing_more(block: Block) -> None:
    sender, store = await block.joined("0/2")
    frozen, its_store = await block.joined("1/2")
    await its_store.pauses.pause("report", "somebody", 60)
    telling = asyncio.create_task(_tell(sender))
    await asyncio.sleep(0.2)
    assert not telling.done()
    assert frozen.may_speak()
    block.clock.now += LEASE_S
    assert not frozen.may_speak()
    assert await store.processes.living(block.clock.now) == set()
    assert await store.processes.living(block.clock.now - 0.1) == {0, 1}
    block.clock.now += 0.1
    await asyncio.wait_for(telling, 60)
    with pytest.raises(RuleBroken, match="given up"):
        await its_store.pauses.pause("report", "somebody else", 60)
    await store.pauses.pause("report", "somebody else", 60)
    await asyncio.wait_for(frozen.run(Ears()), 60)
    assert frozen.evicted.is_set()
    assert not frozen.may_speak()


async def test_nobody_waits_for_one_that_is_dead(block: Block) -> None:
    """Its lock is free, though its lease is not over."""
    sender, _ = await block.joined("0/2")
    dead, _ = await block.joined("1/2")
    dead._lock.release()
    await asyncio.wait_for(_tell(sender), 60)
    again, _ = await block.joined("1/2")
    assert again.may_speak()


async def test_one_at_a_time_has_a_claim(block: Block) -> None:
    one, _ = await block.joined("0/2")
    other, _ = await block.joined("1/2")
    async with one.claim("clip"):
        waiting = asyncio.create_task(_claim(other))
        async with other.claim("another clip"):
            await asyncio.sleep(0.1)
        assert not waiting.done()
    await asyncio.wait_for(waiting, 60)


async def test_shards_take_turns_to_identify_whatever_process_has_them(block: Block) -> None:
    """One every five seconds for each bucket, also where the clock was set back meanwhile."""
    stores = [(await block.joined(f"{number}/3"))[1] for number in range(3)]
    waits = [await store.pauses.identify_in(0, 5.0, most_s=15.0) for store in stores]
    assert waits == [0.0, 5.0, 10.0]
    assert await stores[0].pauses.identify_in(1, 5.0, most_s=15.0) == 0.0
    block.clock.now -= 3600
    assert await stores[1].pauses.identify_in(0, 5.0, most_s=15.0) == 0.0


async def test_a_pause_holds_in_every_process(block: Block) -> None:
    _, here = await block.joined("0/2")
    _, there = await block.joined("1/2")
    await here.pauses.pause("report", "somebody", 60)
    assert await there.pauses.until("report", "somebody", 60) == block.clock.now + 60
    assert await there.pauses.until("ask", "somebody", 60) is None
    block.clock.now += 60
    assert await there.pauses.until("report", "somebody", 60) is None
    assert await there.pauses.forget_over() == 1


async def test_only_its_own_servers_depart_from_a_process(block: Block) -> None:
    mine, of_another = 2 << 22, 3 << 22
    peers, store = await block.joined("0/2")
    for guild_id in (mine, of_another):
        await store.welcomes.claim(guild_id)
    await store.departed_guilds.present([], peers.owns)
    assert await store.departed_guilds.due(0.0) == [mine]


async def _tell(sender: Peers) -> None:
    async with sender.told("be silent"):
        pass


async def _claim(peers: Peers) -> None:
    async with peers.claim("clip"):
        pass
