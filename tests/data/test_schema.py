"""What is done with a database file before anything is read from it."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from data.databases import open_database
from data.errors import DatabaseUnusable
from data.schema import APPLICATION_ID, MIGRATIONS, load_migrations, statements
from data.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "timbre.db"


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def change(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(sql)


def write_migrations(folder: Path, *scripts: str) -> Path:
    """A folder with these migrations, V1 first."""
    folder.mkdir(exist_ok=True)
    for number, script in enumerate(scripts, start=1):
        (folder / f"V{number}__step.sql").write_text(script, encoding="utf-8")
    return folder


async def refusal(path: Path) -> str:
    """Open a file that must be refused, and check that not a byte of it has changed."""
    before = path.read_bytes()
    modified = path.stat().st_mtime_ns
    with pytest.raises(DatabaseUnusable) as caught:
        await Store.open(path)
    assert path.read_bytes() == before
    assert path.stat().st_mtime_ns == modified
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert str(path) in sentence
    return sentence


async def filled_database(path: Path) -> None:
    """A real database of some dozens of pages."""
    store = await Store.open(path)
    async with store.transaction():
        for number in range(2000):
            await store.departed_guilds.departed(number)
    await store.close()


async def test_a_new_database_has_the_newest_schema_and_is_its_owners_alone(
    tmp_path: Path,
) -> None:
    path = tmp_path / "new home" / "timbre #1%20.db"
    await (await Store.open(path)).close()
    assert version(path) == len(load_migrations(MIGRATIONS)) >= 1
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"x", "not an SQLite database"),
        (b"hello, I am a text\n" * 500, "not an SQLite database"),
        (bytes(5000), "not an SQLite database"),
        (b"SQLite format 3\0", "is damaged"),
        (b"SQLite format 3\0" * 500, "is damaged"),
    ],
)
async def test_a_file_that_is_no_database_is_refused(
    path: Path, content: bytes, sentence: str
) -> None:
    path.write_bytes(content)
    assert sentence in await refusal(path)


@pytest.mark.parametrize(
    "damage",
    [lambda content: content[:-4096] + b"\xff" * 4096, lambda content: content[:-6000]],
    ids=["a page is overwritten", "cut short"],
)
async def test_a_damaged_database_is_refused(path: Path, damage: Callable[[bytes], bytes]) -> None:
    await filled_database(path)
    path.write_bytes(damage(path.read_bytes()))
    assert "is damaged" in await refusal(path)


async def test_a_database_of_a_newer_timbre_is_refused(path: Path) -> None:
    await filled_database(path)
    change(path, "PRAGMA user_version = 77")
    assert "newer Timbre (schema 77" in await refusal(path)


async def test_a_database_of_another_program_is_refused(path: Path) -> None:
    change(path, "CREATE TABLE bookmarks (url TEXT)")
    assert "another program" in await refusal(path)


async def test_a_folder_in_its_place_is_refused_with_the_same_error(path: Path) -> None:
    path.mkdir()
    with pytest.raises(DatabaseUnusable, match="cannot be opened"):
        await Store.open(path)


async def test_a_failed_migration_leaves_the_version_before_it(tmp_path: Path, path: Path) -> None:
    folder = write_migrations(
        tmp_path / "steps",
        "CREATE TABLE one (a);\nINSERT INTO one VALUES (1);\n",
        "CREATE TABLE two (a);\n",
        "CREATE TABLE three (a);\nDELETE FROM one;\nINSERT INTO nowhere VALUES (1);\n",
    )
    with pytest.raises(
        DatabaseUnusable, match=r"schema 3 \(V3__step.sql\): no such table: nowhere"
    ):
        await open_database(path, folder)
    assert version(path) == 2
    assert tables(path) == {"one", "two"}
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT a FROM one").fetchall() == [(1,)]

    write_migrations(folder, "-- done", "-- done", "CREATE TABLE three (a);")
    database = await open_database(path, folder)
    await database.close()
    assert version(path) == 3
    assert tables(path) == {"one", "two", "three"}


async def test_a_migration_that_breaks_a_reference_fails(tmp_path: Path, path: Path) -> None:
    folder = write_migrations(
        tmp_path / "steps",
        "CREATE TABLE owner (id INTEGER PRIMARY KEY);\n"
        "CREATE TABLE thing (owner REFERENCES owner);\nINSERT INTO thing VALUES (5);\n",
    )
    with pytest.raises(DatabaseUnusable, match="refer to nothing"):
        await open_database(path, folder)
    assert tables(path) == set()


def test_migrations_are_numbered_without_gaps(tmp_path: Path) -> None:
    folder = write_migrations(tmp_path / "steps", "SELECT 1;", "SELECT 1;", "SELECT 1;")
    assert [step.version for step in load_migrations(folder)] == [1, 2, 3]
    (folder / "V2__step.sql").unlink()
    with pytest.raises(ValueError, match="without gaps"):
        load_migrations(folder)
    (folder / "V2_step.sql").touch()
    with pytest.raises(ValueError, match=r"V2_step\.sql is not named"):
        load_migrations(folder)


def test_a_trigger_is_one_statement() -> None:
    sql = (
        "CREATE TABLE t (a); -- a comment; with a semicolon\n"
        "CREATE TRIGGER r AFTER DELETE ON t\nBEGIN\n    DELETE FROM t;\nEND;\n"
        "INSERT INTO t VALUES ('one;\ntwo')"
    )
    assert len(list(statements(sql))) == 3


async def test_a_killed_process_leaves_what_it_committed_and_nothing_else(path: Path) -> None:
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from data.store import Store\n"
        "async def main():\n"
        "    store = await Store.open(Path(sys.argv[1]))\n"
        "    await store.departed_guilds.departed(1)\n"
        "    async with store.transaction():\n"
        "        await store.departed_guilds.departed(2)\n"
        "        print('now', flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen(  # noqa: ASYNC220 - nothing else runs in this loop
        [sys.executable, "-c", script, str(path)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as child:
        assert child.stdout.readline().strip() == b"now"
        child.kill()

    store = await Store.open(path)
    assert await store.departed_guilds.due(0) == [1]
    await store.close()


async def test_another_first_start_that_is_at_it_is_waited_for(path: Path) -> None:
    """SQLite answers "locked" at once where the other one is just making the file."""
    path.touch()  # an empty file becomes a database
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    done = threading.Timer(0.5, other.rollback)
    done.start()
    store = await Store.open(path)
    await store.close()
    done.join()
    other.close()
    assert version(path) == len(load_migrations(MIGRATIONS))
