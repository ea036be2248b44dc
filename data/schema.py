"""Brings a database file to the schema that this version knows, or refuses it.

Judges a file through a read-only connection first: one that is damaged, newer, or not ours is never
opened for writing. Blocking; belongs in a thread.
"""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

from data.errors import DatabaseUnusable

MIGRATIONS: Traversable = files("data") / "migrations"

#: `PRAGMA application_id` of our files: "TMBR" in ASCII.
APPLICATION_ID = 0x544D4252

#: How long a statement waits for another process that is writing, such as `python -m bot cache`.
BUSY_TIMEOUT_S = 5.0
_BUSY_PAUSE_S = 0.05


class Migration(NamedTuple):
    """One step of the schema: `V<version>__<name>.sql`."""

    version: int
    file_name: str
    sql: str


def load_migrations(folder: Traversable) -> list[Migration]:
    """All migrations of a folder in order.

    Raises `ValueError` for a .sql file with another kind of name, and unless versions are 1..n.
    """
    migrations = []
    for entry in folder.iterdir():
        if entry.name.endswith(".sql"):
            match = re.fullmatch(r"V([1-9]\d*)__\w+\.sql", entry.name)
            if match is None:
                raise ValueError(f"{entry.name} is not named V<n>__<name>.sql")
            migrations.append(
                Migration(int(match[1]), entry.name, entry.read_text(encoding="utf-8"))
            )
    migrations.sort()
    if [migration.version for migration in migrations] != list(range(1, len(migrations) + 1)):
        raise ValueError("migrations must be numbered 1, 2, 3, ... without gaps")
    return migrations


def prepare(path: Path, migrations: list[Migration]) -> None:
    """Create or check the database at `path`, and apply the migrations it lacks.

    A new file and its folder are created readable by their owner only. Each migration is one
    transaction: if it fails, the file stays at the version before it. Raises `DatabaseUnusable`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileExistsError):
            path.touch(mode=0o600, exist_ok=False)
        # An empty file is what SQLite leaves when it is killed while creating a database.
        if path.stat().st_size > 0:
            _judge(path, newest=len(migrations))
        _migrate(path, migrations)
    except OSError as error:
        raise DatabaseUnusable(f"The database {path} cannot be opened: {error}.") from error
    except sqlite3.Error as error:
        raise DatabaseUnusable(_sentence(path, error)) from error


def _judge(path: Path, newest: int) -> None:
    # SQLite takes a file of a few bytes for an empty database, and would write over it.
    with path.open("rb") as file:
        if file.read(16) != b"SQLite format 3\0":
            raise DatabaseUnusable(
                f"The file {path} is not an SQLite database; move it away to start with an empty "
                "one. It was left untouched."
            )
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_S)) as connection:
        application_id = _pragma(connection, "application_id")
        version = _pragma(connection, "user_version")
        (objects,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application_id != APPLICATION_ID and (application_id or version or objects):
            raise DatabaseUnusable(
                f"The database {path} belongs to another program; it was left untouched."
            )
        if version > newest:
            raise DatabaseUnusable(
                f"The database {path} was written by a newer Timbre (schema {version}, this one "
                f"knows {newest}); update Timbre. It was left untouched."
            )
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise DatabaseUnusable(_damaged(path, " ".join(verdict.split())))


def _migrate(path: Path, migrations: list[Migration]) -> None:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    with closing(connection):
        # foreign_keys stays off, as is the default: a migration may have to rebuild a table.
        _write_ahead(connection)
        for migration in migrations:
            try:
                _apply(connection, migration)
            except sqlite3.Error as error:
                raise DatabaseUnusable(
                    f"The database {path} could not be brought to schema {migration.version} "
                    f"({migration.file_name}): {error}. It was left at the schema before."
                ) from error


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch the file to write-ahead logging, which SQLite refuses at once while others hold it.

    Two first starts at the same time meet here; the timeout of the connection does not count.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(_BUSY_PAUSE_S)


def _apply(connection: sqlite3.Connection, migration: Migration) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Asked inside the transaction: another process may be migrating the same file.
        if _pragma(connection, "user_version") < migration.version:
            for statement in statements(migration.sql):
                connection.execute(statement)
            if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
                raise sqlite3.IntegrityError("it leaves rows that refer to nothing")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {migration.version}")
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def in_memory(migrations: list[Migration]) -> sqlite3.Connection:
    """A database in memory, as the migrations make it."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for migration in migrations:
        _apply(connection, migration)
    return connection


def statements(sql: str) -> Iterator[str]:
    """Split a script into statements, each ending a line.

    `executescript` would commit an open transaction first.
    """
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)


def _sentence(path: Path, error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return _damaged(path, str(error))
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"The database {path} is held by another program; stop that one first."
    return f"The database {path} cannot be opened: {error}."


def _damaged(path: Path, finding: str) -> str:
    return (
        f"The database {path} is damaged ({finding}); restore a backup, or move it away to start "
        "with an empty one. It was left untouched."
    )
