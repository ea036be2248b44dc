"""What holds for PostgreSQL alone: its schema, its connection, several machines."""

import asyncio
import re
import sqlite3
import traceback
from contextlib import closing, suppress
from pathlib import Path

import asyncpg
import pytest

from data.databases import open_database
from data.errors import DatabaseUnusable, Failure, RuleBroken, StoreFailed
from data.postgresql_schema import in_its_words
from data.processes import ProcessRow
from data.schema import MIGRATIONS, in_memory, load_migrations
from data.store import Store
from tests.data.conftest import ALICE, HERE, register
from tests.postgresql import Lent
from tests.store import Clock

_TYPES = {
    "BIGINT": "INTEGER",
    "DOUBLE PRECISION": "REAL",
    "BYTEA": "BLOB",
    "TEXT": "TEXT",
}


def of_sqlite(connection: sqlite3.Connection) -> dict[str, object]:
    """A schema as SQLite tells it: columns, keys and references by table, and all triggers."""
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' "
        "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    ).fetchall()
    found: dict[str, object] = {}
    for (table,) in tables:
        columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
        references = connection.execute(f"PRAGMA foreign_key_list({table})").fetchall()
        key = [name for _, name, *_, place in sorted(columns, key=lambda row: row[5]) if place]
        found[table] = (
            # A key without a row id is never null, whether that is said or not.
            {
                name: (kind, bool(required) or bool(place), str(default))
                for _, name, kind, required, default, place in columns
            },
            key,
            {(row[3], row[2], row[6]) for row in references},
        )
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        found[f"trigger {trigger}"] = True
    indexes = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index'")
    found |= {f"index {name}": bool(re.match("CREATE UNIQUE", sql)) for name, sql in indexes if sql}
    return found


async def of_postgresql(address: str) -> dict[str, object]:
    """A schema as PostgreSQL tells it, in SQLite's words."""
    connection = await asyncpg.connect(address)
    found: dict[str, object] = {}
    try:
        tables = await connection.fetch(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
        )
        for (table,) in tables:
            columns = await connection.fetch(
                "SELECT column_name, data_type, is_nullable, column_default "
                "FROM information_schema.columns "
                "WHERE table_schema = current_schema() AND table_name = $1",
                table,
            )
            rules = await connection.fetch(
                "SELECT contype::text, pg_get_constraintdef(oid) FROM pg_constraint "
                "WHERE conrelid = $1::text::regclass",
                table,
            )
            keys = [rule[13:-1].split(", ") for kind, rule in rules if kind == "p"]
            found[table] = (
                {
                    name: (
                        _TYPES[kind.upper()],
                        nullable == "NO",
                        re.sub("::[a-z ]+$", "", str(default)),
                    )
                    for name, kind, nullable, default in columns
                },
                keys[0] if keys else [],
                {
                    re.fullmatch(
                        r"FOREIGN KEY \((\w+)\) REFERENCES (\w+)\(\w+\)(?: ON DELETE (.*))?", rule
                    ).groups()  # type: ignore[union-attr]
                    for kind, rule in rules
                    if kind == "f"
                },
            )
        for (trigger,) in await connection.fetch(
            "SELECT DISTINCT tgname FROM pg_trigger AS g JOIN pg_class AS t ON t.oid = g.tgrelid "
            "WHERE NOT tgisinternal AND t.relnamespace = current_schema()::regnamespace"
        ):
            found[f"trigger {trigger}"] = True
        for name, unique in await connection.fetch(
            "SELECT c.relname, i.indisunique FROM pg_index AS i "
            "JOIN pg_class AS c ON c.oid = i.indexrelid "
            "WHERE c.relnamespace = current_schema()::regnamespace AND NOT EXISTS "
            "(SELECT 1 FROM pg_constraint WHERE conindid = i.indexrelid)"
        ):
            found[f"index {name}"] = unique
    finally:
        await connection.close()
    return found


async def test_it_has_the_schema_that_all_migrations_make(postgresql: Lent) -> None:
    with closing(in_memory(load_migrations(MIGRATIONS))) as connection:
        wanted = of_sqlite(connection)
    found = await of_postgresql(await postgresql.new())
    # What says here what SQLite says otherwise: the fence is temporary there, NOCASE a column's.
    for name in ("schema_version", "trigger fence", "index voices_by_owner_and_name"):
        assert found.pop(name)
    assert found == wanted


def migrations(folder: Path, *scripts: str) -> Path:
    folder.mkdir(exist_ok=True)
    for number, script in enumerate(scripts, start=1):
        (folder / f"V{number}__step.sql").write_text(script, encoding="utf-8")
    return folder


async def test_a_later_migration_comes_to_what_is_there(postgresql: Lent, tmp_path: Path) -> None:
    """In its own words where it has some; one that fails leaves the version before it."""
    where = await postgresql.empty()
    first = "CREATE TABLE one (a INTEGER PRIMARY KEY, b REAL);\nINSERT INTO one VALUES (1, 0.5);\n"
    await (await open_database(where, migrations(tmp_path / "steps", first))).close()
    second = "ALTER TABLE one ADD COLUMN c BLOB;\nCREATE TRIGGER t AFTER DELETE ON one\nBEGIN\n"
    second += "    DELETE FROM one;\nEND;\n"
    wrong = migrations(tmp_path / "steps", first, second, "INSERT INTO nowhere VALUES (1);")
    with pytest.raises(DatabaseUnusable, match=r'cannot be prepared: .* relation "nowhere"'):
        await open_database(where, wrong)
    (wrong / "postgresql").mkdir()
    own = "CREATE TABLE two AS SELECT int8 '7' AS d;"
    (wrong / "postgresql" / "V3__step.sql").write_text(own, encoding="utf-8")
    database = await open_database(where, wrong)
    assert [tuple(row) for row in await database.fetch("SELECT * FROM one")] == [(1, 0.5, None)]
    assert await database.column("SELECT d FROM two") == [7]
    await database.close()
    with pytest.raises(DatabaseUnusable, match="newer Timbre"):
        await open_database(where, migrations(tmp_path / "older", first))


async def test_what_is_not_ours_is_left_as_it_is(postgresql: Lent) -> None:
    where = await postgresql.whole()
    connection = await asyncpg.connect(where)
    await connection.execute("CREATE TABLE bookmarks (url TEXT)")
    await connection.close()
    with pytest.raises(DatabaseUnusable, match="another program"):
        await Store.open(where)
    for wrong in (
        where.replace("test_", "no_such_"),
        "postgresql://user:secret@127.0.0.1:1/timbre",
    ):
        with pytest.raises(DatabaseUnusable, match="cannot be opened") as caught:
            await Store.open(wrong)
        assert "secret" not in str(caught.value)


async def end_connections_of(where: str) -> None:
    """What a restart of the server does to those who use it."""
    connection = await asyncpg.connect(where)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()


async def test_a_lost_connection_comes_back_and_a_transaction_does_not(
    postgresql: Lent, clock: Clock
) -> None:
    where = await postgresql.whole()
    store = await Store.open(where, clock)
    await register(store, ALICE, "before")

    async def interrupted() -> None:
        async with store.transaction():
            await register(store, ALICE, "lost")
            await end_connections_of(where)
            await register(store, ALICE, "neither")

    with pytest.raises(StoreFailed) as caught:
        await interrupted()
    assert caught.value.why is Failure.AWAY
    assert [voice.name for voice in await store.voices.all()] == ["before"]
    await end_connections_of(where)
    with suppress(StoreFailed):  # it may be what finds out
        await store.voices.all()
    assert [voice.name for voice in await store.voices.all()] == ["before"]
    await store.close()


async def test_a_statement_that_failed_is_not_committed_with_the_rest(
    postgresql: Lent, tmp_path: Path
) -> None:
    """PostgreSQL undoes the whole transaction, and would say nothing."""
    steps = migrations(tmp_path / "steps", "CREATE TABLE numbers (n INTEGER UNIQUE);")
    database = await open_database(await postgresql.empty(), steps)

    async def swallow() -> None:
        async with database.transaction():
            await database.execute("INSERT INTO numbers VALUES (?)", 1)
            with pytest.raises(RuleBroken):
                await database.execute("INSERT INTO numbers VALUES (?)", 1)

    with pytest.raises(StoreFailed, match="had failed"):
        await swallow()
    assert await database.column("SELECT n FROM numbers") == []
    await database.close()


async def test_no_error_shows_what_is_in_a_row(postgresql: Lent, clock: Clock) -> None:
    """PostgreSQL tells the whole row that breaks a rule, and values that it cannot take."""
    store = await Store.open(await postgresql.new(), clock)
    for wrong in ({"clip_sha256": "short"}, {"clip_path": "\0"}):
        name = " ".join(["Alice", "Liddell"])  # not as a traceback shows the source
        with pytest.raises(StoreFailed) as caught:
            await register(store, ALICE, name, **wrong)
        assert "Liddell" not in "".join(traceback.format_exception(caught.value))
    await store.close()


async def test_what_was_deleted_leaves_the_tables(postgresql: Lent, clock: Clock) -> None:
    where = await postgresql.new()
    store = await Store.open(where, clock)
    voice = await register(store, ALICE, "Alice Liddell")
    await register(store, ALICE, "stays")
    await store.voices.delete(voice.voice_id, voice.clip_path)
    connection = await asyncpg.connect(where)
    await connection.execute("CREATE EXTENSION IF NOT EXISTS pageinspect SCHEMA public")
    kept = (
        "SELECT count(*) FROM public.heap_page_items(public.get_raw_page("
        "current_schema() || '.voices', 0)) WHERE t_data IS NOT NULL"
    )
    assert await connection.fetchval(kept) >= 2
    assert await store.purge()
    async with asyncio.timeout(60):
        while await connection.fetchval(kept) != 1:
            await asyncio.sleep(0.05)
    await connection.close()
    await store.close()


async def test_one_that_was_given_up_writes_nothing_more(postgresql: Lent, clock: Clock) -> None:
    """Nor after it has connected again; and it is not given up in the middle of what it writes."""
    where = await postgresql.new()
    writing, giving_up = await Store.open(where, clock), await Store.open(where, clock)
    row = ProcessRow(process="p", first_shard=0, last_shard=0, shard_count=1)
    await writing.processes.join(row)
    await writing.processes.fence("p")
    connection = await asyncpg.connect(where)
    async with writing.transaction():
        await writing.departed_guilds.departed(HERE)
        # Of a connection that waits for as long as it takes.
        leaving = asyncio.create_task(connection.execute("DELETE FROM processes"))
        await asyncio.sleep(0.1)
        assert not leaving.done()
    await leaving
    await connection.close()
    assert await giving_up.departed_guilds.due(0) == [HERE]
    for _ in range(2):
        with pytest.raises(RuleBroken, match="given up"):
            await writing.departed_guilds.departed(HERE + 1)
        await writing._database._connection.close()
    await writing.close()
    await giving_up.close()


def test_triggers_are_not_taken_over() -> None:
    assert not in_its_words("-- why\nCREATE TRIGGER t AFTER DELETE ON v\nBEGIN\nEND;")
    assert in_its_words("CREATE TABLE a (b INTEGER) WITHOUT ROWID;") == "CREATE TABLE a (b BIGINT);"
