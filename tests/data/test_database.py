"""Many tasks on one connection.

Longer than most files: each test runs on both databases, which this file alone starts so.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from data.database import Database
from data.databases import open_database
from data.errors import DatabaseClosed, Failure, RuleBroken, StoreFailed
from data.sqlite import SqliteDatabase
from tests.postgresql import Lent

of_sqlite = pytest.mark.parametrize("where", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with other work has time to let another process end."""
    monkeypatch.setattr("data.database.BUSY_TIMEOUT_S", 30.0)


@pytest.fixture(params=["sqlite", "postgresql"])
async def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """A place for a database that is still to be made."""
    if request.param == "sqlite":
        return tmp_path / "numbers.db"
    server: Lent = request.getfixturevalue("postgresql")
    return await server.empty()


async def opened(where: Path | str, folder: Path) -> Database:
    steps = folder / "steps"
    steps.mkdir(exist_ok=True)
    (steps / "V1__numbers.sql").write_text("CREATE TABLE numbers (n INTEGER UNIQUE);")
    return await open_database(where, steps)


@pytest.fixture
async def database(where: Path | str, tmp_path: Path) -> AsyncIterator[Database]:
    database = await opened(where, tmp_path)
    yield database
    await database.close()


@pytest.fixture
async def other(
    database: Database,  # noqa: ARG001 - it makes the table
    where: Path | str,
    tmp_path: Path,
) -> AsyncIterator[Database]:
    """The connection of another process."""
    other = await opened(where, tmp_path)
    yield other
    await other.close()


async def numbers(database: Database) -> list[int]:
    return await database.column("SELECT n FROM numbers ORDER BY n")


async def add(database: Database, number: int) -> None:
    await database.execute("INSERT INTO numbers VALUES (?)", number)


async def add_all_or_none(database: Database, *several: int) -> None:
    async with database.transaction():
        for number in several:
            await add(database, number)


async def increment(database: Database) -> None:
    async with database.transaction():
        (number,) = await numbers(database)
        await asyncio.sleep(0)
        await database.execute("UPDATE numbers SET n = ?", number + 1)


async def test_transactions_of_many_tasks_do_not_interleave(database: Database) -> None:
    """A lost update would show in the sum."""
    await add(database, 0)
    await asyncio.gather(*(increment(database) for _ in range(100)))
    assert await numbers(database) == [100]


async def test_a_transaction_that_fails_takes_no_other_tasks_statement_with_it(
    database: Database,
) -> None:
    inside = asyncio.Event()
    leave = asyncio.Event()

    async def fail() -> None:
        async with database.transaction():
            await add(database, 1)
            inside.set()
            await leave.wait()
            raise RuntimeError("changed my mind")

    failing = asyncio.create_task(fail())
    await inside.wait()
    reading = asyncio.create_task(numbers(database))
    writing = asyncio.create_task(add(database, 2))
    await asyncio.sleep(0.05)
    assert not reading.done(), "a reader must not see what is not committed"
    assert not writing.done()
    leave.set()
    with pytest.raises(RuntimeError):
        await failing
    assert await reading == []
    await writing
    assert await numbers(database) == [2]


@pytest.mark.parametrize("steps_before_the_cancel", range(8))
async def test_a_cancelled_transaction_is_undone_wherever_it_was(
    database: Database, steps_before_the_cancel: int
) -> None:
    finished = asyncio.Event()

    async def write() -> None:
        async with database.transaction():
            for number in range(20):
                await add(database, number)
        finished.set()

    task = asyncio.create_task(write())
    for _ in range(steps_before_the_cancel):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not finished.is_set()
    assert await numbers(database) == []
    async with database.transaction():
        await add(database, 5)
    assert await numbers(database) == [5]


async def test_a_cancel_while_waiting_for_the_turn_leaves_the_turn_with_its_holder(
    database: Database,
) -> None:
    async with database.transaction():
        waiting = asyncio.create_task(add(database, 1))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)
        await add(database, 2)
    assert await numbers(database) == [2]


async def test_an_inner_transaction_can_fail_alone(database: Database) -> None:
    async with database.transaction():
        await add(database, 1)
        with pytest.raises(RuleBroken):
            await add_all_or_none(database, 2, 1)
        async with database.transaction():
            await add(database, 3)
    assert await numbers(database) == [1, 3]


async def test_an_outer_transaction_undoes_its_inner_ones(database: Database) -> None:

    async def fail_after_an_inner_one() -> None:
        async with database.transaction():
            await add_all_or_none(database, 1, 2)
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError):
        await fail_after_an_inner_one()
    assert await numbers(database) == []


async def lookup(database: Database) -> list[int]:
    return [row[0] for row in await database.lookup("SELECT n FROM numbers ORDER BY n")]


async def test_a_lookup_sees_what_its_own_task_has_written_and_what_others_have_finished(
    database: Database, other: Database
) -> None:
    await add(database, 1)
    assert await lookup(database) == [1]
    inside, seen = asyncio.Event(), asyncio.Event()

    async def adding() -> None:
        async with database.transaction():
            await add(database, 2)
            assert await lookup(database) == [1, 2]
            inside.set()
            await seen.wait()

    running = asyncio.create_task(adding())
    await inside.wait()
    if isinstance(database, SqliteDatabase):  # which lets it be read meanwhile, and at once
        assert await lookup(database) == [1]
    seen.set()
    await running
    assert await lookup(database) == [1, 2]
    await add(other, 3)
    assert await lookup(database) == [1, 2, 3]
    with pytest.raises(StoreFailed):
        await database.lookup("SELECT nothing FROM nowhere")
    await database.close()
    with pytest.raises(DatabaseClosed):
        await lookup(database)


@of_sqlite
async def test_what_is_looked_up_at_once_can_change_nothing(database: Database) -> None:
    assert await lookup(database) == []
    assert database._at_once("INSERT INTO numbers VALUES (?) RETURNING n", [7]) is None
    assert await numbers(database) == []


async def test_a_statement_for_many_rows_does_all_or_none(database: Database) -> None:
    with pytest.raises(RuleBroken):
        await database.execute_each("INSERT INTO numbers VALUES (?)", [(1,), (2,), (1,)])
    assert await numbers(database) == []
    await database.execute_each("INSERT INTO numbers VALUES (?)", [(1,), (2,)])
    assert await numbers(database) == [1, 2]


@of_sqlite
async def test_foreign_keys_hold_and_commits_do_not_wait_for_the_disk(database: Database) -> None:
    assert await database.column("PRAGMA foreign_keys") == [1]
    assert await database.column("PRAGMA synchronous") == [1]


async def test_another_process_writing_is_waited_for(database: Database, other: Database) -> None:
    await add(database, 0)
    async with other.transaction():
        await other.execute("UPDATE numbers SET n = 10")
        writing = asyncio.create_task(increment(database))
        await asyncio.sleep(0.1)
        assert not writing.done()
    await writing
    assert await numbers(database) == [11]


async def test_while_another_process_writes_all_others_read_and_a_transaction_waits(
    database: Database, other: Database
) -> None:
    """A transaction that waits for its turn keeps nobody from reading."""
    async with other.transaction():
        await add(other, 0)
        writing = asyncio.create_task(increment(database))
        for _ in range(5):
            assert await numbers(database) == []
        assert not writing.done()
    await writing
    assert await numbers(database) == [1]


@of_sqlite
async def test_a_statement_of_sqlite_waits_for_another_process_as_well(
    database: Database, other: Database
) -> None:
    async with other.transaction():
        writing = asyncio.create_task(add(database, 1))
        assert await numbers(database) == []
        assert not writing.done()
    await writing


async def test_a_process_that_writes_too_long_is_not_waited_for_for_ever(
    database: Database, other: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.database.BUSY_TIMEOUT_S", 0.05)
    async with other.transaction():
        writes = [add_all_or_none(database, 1, 2), increment(database)]
        if isinstance(database, SqliteDatabase):
            writes.append(add(database, 1))
        for write in writes:
            with pytest.raises(StoreFailed) as caught:
                await write
            assert caught.value.why is Failure.HELD
    await add_all_or_none(database, 1, 2)
    assert await numbers(database) == [1, 2]


async def test_a_cancel_while_waiting_for_another_process_leaves_nothing_behind(
    database: Database, other: Database
) -> None:
    async with other.transaction():
        waiting = asyncio.create_task(add_all_or_none(database, 1, 2))
        assert await numbers(database) == []
        waiting.cancel()
        await asyncio.wait({waiting})
        assert waiting.cancelled()
    await add_all_or_none(database, 3, 4)
    assert await numbers(database) == [3, 4]


async def test_closing_waits_for_what_is_under_way_and_refuses_the_rest(
    database: Database, other: Database
) -> None:
    inside = asyncio.Event()

    async def slow() -> None:
        async with database.transaction():
            await add(database, 1)
            inside.set()
            await asyncio.sleep(0.05)
            await add(database, 2)

    running = asyncio.create_task(slow())
    await inside.wait()
    queued = asyncio.create_task(add(database, 3))
    await asyncio.sleep(0)
    await database.close()
    await running
    await queued
    with pytest.raises(DatabaseClosed):
        await add(database, 4)
    with pytest.raises(DatabaseClosed):
        async with database.transaction():
            pytest.fail("a closed database takes no transaction")
    await database.close()

    assert await numbers(other) == [1, 2, 3]


@of_sqlite
async def test_closing_folds_the_log_into_the_file(database: Database, tmp_path: Path) -> None:
    """Even while another process, a `cache list` say, keeps the log from being removed."""
    with closing(sqlite3.connect(tmp_path / "numbers.db")) as other:
        other.execute("SELECT * FROM numbers").fetchall()
        await add(database, 1)
        log = tmp_path / "numbers.db-wal"
        assert log.stat().st_size > 0
        await database.close()
        assert log.stat().st_size == 0


@of_sqlite
async def test_what_was_deleted_leaves_the_log_once_its_reader_is_done(
    database: Database, tmp_path: Path
) -> None:
    """A backup keeps the log from being emptied; nobody waits for it, and it is not forgotten."""
    await database.execute("CREATE TABLE names (name TEXT)")
    with closing(sqlite3.connect(tmp_path / "numbers.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM numbers").fetchall()
        await database.execute("INSERT INTO names VALUES ('Alice Liddell')")
        await database.execute("DELETE FROM names")
        began = time.monotonic()
        assert not await database.purge()
        assert not await database.purge()
        assert time.monotonic() - began < 15, "as long as writing waits for another process"
        log = tmp_path / "numbers.db-wal"
        assert b"Alice Liddell" in log.read_bytes()
        reader.execute("COMMIT")
    async with asyncio.timeout(60):
        while log.stat().st_size:
            await asyncio.sleep(0.05)
    assert b"Alice Liddell" not in (tmp_path / "numbers.db").read_bytes()
    assert await database.purge()
