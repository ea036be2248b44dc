"""Bot processes on several machines: one PostgreSQL, one folder that all of them see."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.base.bucket import ObjectsUnusable
from bot.base.databases import open_database_of
from bot.base.home import CLIPS, DATABASE, HOME_ID
from bot.base.peers import HomeTaken, Peers
from bot.base.shards import Shards
from bot.commands.doctor import look_at_home
from bot.commands.run import require_peers
from bot.settings import SettingsError, settings_of
from data.errors import DatabaseUnusable, RuleBroken
from data.store import Store
from tests.data.conftest import ALICE, register
from tests.postgresql import Lent, postgresql, postgresql_server
from tests.s3 import s3_store
from tests.store import Clock

__all__ = ["postgresql", "postgresql_server"]


class Machines:
    """Processes with folders of locks that only their own machine sees."""

    def __init__(self, address: str, folder: Path, open_ones: AsyncExitStack) -> None:
        self._address = address
        self._folder = folder
        self._open = open_ones

    async def process(self, machine: str, shards: str, clock: Clock) -> tuple[Peers, Store]:
        store = await Store.open(self._address, clock)
        self._open.push_async_callback(store.close)
        peers = Peers(store, self._folder / machine, Shards.parse(shards), clock=clock)
        self._open.push_async_callback(peers.leave)
        return peers, store


@pytest.fixture
async def machines(postgresql: Lent, tmp_path: Path) -> AsyncIterator[Machines]:
    async with AsyncExitStack() as open_ones:
        yield Machines(await postgresql.new(), tmp_path, open_ones)


async def test_a_process_of_another_machine_lives_as_long_as_its_lease(machines: Machines) -> None:
    """Its lock is not seen. Whoever wants its shards waits for as long as a lease may last."""
    first, its_store = await machines.process("one", "0/2", Clock())
    await first.join()
    second, store = await machines.process("two", "1/2", Clock())
    await second.join()
    assert not second.first
    assert len(await store.processes.all()) == 2
    for wanted in ("0/2", "0-1/2"):
        waiting, _ = await machines.process("two", wanted, Clock(step_s=3.0))
        with pytest.raises(HomeTaken, match="overlaps with a bot process that has the shards 0-0"):
            await waiting.join()
    row = next(row for row in await store.processes.all() if row.first_shard == 0)
    now = await store.processes.now()
    assert now is not None
    assert await store.processes.living(0.0) == {0, 1}
    await store.processes.renew(row.process, now - 0.001, row.guilds)
    assert await store.processes.living(0.0) == {1}
    third, _ = await machines.process("two", "0/2", Clock())
    await third.join()
    with pytest.raises(RuleBroken, match="given up"):
        await its_store.departed_guilds.departed(5)
    assert {row.process for row in await store.processes.all()} >= {third._process}


async def test_a_lease_is_the_same_by_every_clock(machines: Machines) -> None:
    """By its own, whatever that says, a process is silent before the others say that it is."""
    clock = Clock(now=5.0)
    peers, store = await machines.process("one", "0/1", clock)
    before = await store.processes.now()
    await peers.join()
    assert before is not None
    [row] = await store.processes.all()
    assert row.lease_until - before >= peers._lease_until - 5.0
    assert peers.may_speak()
    clock.now = peers._lease_until
    assert not peers.may_speak()


async def test_turns_are_in_one_time_for_machines_whose_clocks_differ(machines: Machines) -> None:
    """Or a bucket would have two shards identify at once, by two machines."""
    ahead, behind = Clock(now=2e9), Clock(now=1e9)
    first, store = await machines.process("one", "0/2", ahead)
    second, its_store = await machines.process("two", "1/2", behind)
    for peers in (first, second):
        await peers.join()
    for one, other in ((store, its_store), (its_store, store)):
        bucket = int(one is store)
        assert await one.pauses.identify_in(bucket, 600.0, most_s=1800.0) == 0.0
        assert 500 < await other.pauses.identify_in(bucket, 600.0, most_s=1800.0) <= 600
    await store.pauses.rest_not_within(50.0, 0.02, 1)
    assert 20 < await its_store.pauses.rest_in(0.02, 1) <= 50


async def test_a_database_and_a_folder_stay_together(postgresql: Lent, tmp_path: Path) -> None:
    """Rows without files are removed, as are files without rows: neither may meet others."""
    address, other = await postgresql.new(), await postgresql.new()
    home = tmp_path / "home"
    for _ in range(2):
        store = await open_database_of(home, address)
        await register(store, ALICE, f"voice {_}")
        await store.close()
    (home / CLIPS).mkdir()
    (home / CLIPS / f"{'a' * 32}.flac").touch()

    async def refused(folder: Path, database: str | None) -> str:
        with pytest.raises(DatabaseUnusable) as caught:
            await open_database_of(folder, database)
        return str(caught.value)

    assert "belongs to another folder" in await refused(tmp_path / "new", address)
    (tmp_path / "new" / HOME_ID).write_bytes(b"\xff\xff")
    assert "belongs to another folder" in await refused(tmp_path / "new", address)
    assert "holds members' clips" in await refused(home, other)
    assert "is a PostgreSQL" in await refused(home, None)
    assert not (home / DATABASE).exists()
    (home / HOME_ID).rename(tmp_path / "aside")
    own = tmp_path / "own"
    await (await open_database_of(own, None)).close()
    assert "database move postgresql" in await refused(own, other)


async def test_what_was_half_moved_is_not_begun_with(postgresql: Lent, tmp_path: Path) -> None:
    address = await postgresql.new()
    store = await Store.open(address)
    await register(store, ALICE, "one")
    await store.close()
    with pytest.raises(DatabaseUnusable, match="was interrupted"):
        await open_database_of(tmp_path, address)


async def test_a_database_and_a_bucket_stay_together(postgresql: Lent, tmp_path: Path) -> None:
    """Each machine has a folder of its own, and whichever begins first decides for all."""
    address, other = await postgresql.new(), await postgresql.new()
    async with s3_store() as s3:

        async def opened(database: str, machine: str = "one", **settings: str) -> Store:
            home = tmp_path / machine
            return await open_database_of(home, database, s3.bucket(home, **settings))

        async def refused(database: str, machine: str = "one", **settings: str) -> str:
            with pytest.raises((DatabaseUnusable, ObjectsUnusable)) as caught:
                await opened(database, machine, **settings)
            return str(caught.value)

        first, second = await asyncio.gather(opened(address), opened(address, "two"))
        await register(first, ALICE, "one")
        await first.close()
        await second.close()
        await (await opened(address, "three")).close()
        assert "belongs to another database" in await refused(other)
        assert "another bucket" in await refused(address, prefix="elsewhere")
        known = s3.objects[f"timbre/{HOME_ID}"]
        known.content, kept = b"\xff\xff", known.content
        assert "another bucket" in await refused(address)
        known.content = kept
        with pytest.raises(DatabaseUnusable, match="name it in TIMBRE_OBJECTS"):
            await open_database_of(tmp_path / "one", address)
        (tmp_path / "two" / CLIPS).mkdir()
        (tmp_path / "two" / CLIPS / f"{'a' * 32}.flac").touch()
        (tmp_path / "two" / HOME_ID).touch()
        assert "holds members' clips" in await refused(address, "two")
        s3.versioned = True
        assert "versioning" in await refused(address)
        s3.versioned = False
        await (await open_database_of(tmp_path / "folder", other)).close()
        assert "in a folder" in await refused(other, prefix="new")
        assert not {name for name in s3.objects if not name.endswith(HOME_ID)}


async def test_the_doctor_looks_at_the_bucket(postgresql: Lent, tmp_path: Path) -> None:
    """And a bot alone in it is refused: it would not know of another one elsewhere."""
    async with s3_store() as s3:
        variables = {
            "TIMBRE_HOME": str(tmp_path),
            "TIMBRE_DATABASE": await postgresql.new(),
            "DISCORD_TOKEN": "a.token",
            **s3.environment(),
        }
        settings = settings_of(variables)
        found = {check.name: check for check in await look_at_home(settings)}
        assert found["bucket"].state == "ok"
        s3.public = True
        (bad,) = await look_at_home(settings)
        assert (bad.name, bad.state) == ("bucket", "error")
        assert "Everybody can read" in bad.detail
        s3.away = True
        (bad,) = await look_at_home(settings)
        assert (bad.name, bad.state) == ("bucket", "error")
        with pytest.raises(SettingsError, match="--processes"):
            require_peers(settings)
