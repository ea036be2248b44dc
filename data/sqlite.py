"""SQLite, in a file that is this machine's alone."""

import asyncio
import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Self

import aiosqlite

from data.columns import Value
from data.database import Database
from data.errors import DatabaseClosed, Failure, RuleBroken, StoreFailed
from data.rows import Record
from data.schema import MIGRATIONS, load_migrations, prepare

log = logging.getLogger(__name__)

_FOLD_AGAIN_S = 1.0

#: By SQLite's primary result code.
_FAILURES = {
    sqlite3.SQLITE_FULL: Failure.FULL,
    sqlite3.SQLITE_BUSY: Failure.HELD,
    sqlite3.SQLITE_LOCKED: Failure.HELD,
    sqlite3.SQLITE_READONLY: Failure.READ_ONLY,
    sqlite3.SQLITE_IOERR: Failure.DISK,
    sqlite3.SQLITE_CORRUPT: Failure.DAMAGED,
    sqlite3.SQLITE_NOTADB: Failure.DAMAGED,
}


class SqliteDatabase(Database):
    """An open SQLite file."""

    def __init__(self, connection: aiosqlite.Connection, path: Path) -> None:
        super().__init__()
        self._connection = connection
        self._path = path
        self._folding: asyncio.Task[None] | None = None
        #: Of the event loop's own thread, and for lookups alone: to hand a query of 5 us to another
        #: thread takes ten times as long. SQLite keeps nobody who reads waiting for who writes.
        self._reader: sqlite3.Connection | None = None

    @classmethod
    async def open(cls, path: Path, migrations: Traversable = MIGRATIONS) -> Self:
        """Check the file at `path` or create it, bring it to the newest schema, and connect.

        Raises `DatabaseUnusable` and leaves the file as it was if it cannot be used.
        """
        await asyncio.to_thread(prepare, path, load_migrations(migrations))
        # SQLite itself does not wait for other processes: nobody else had a turn meanwhile.
        connection = await aiosqlite.connect(path, timeout=0.0, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            await connection.execute_fetchall("PRAGMA foreign_keys = ON")
            # In WAL mode this survives a crash of the bot whole; of the machine, all but the end.
            await connection.execute_fetchall("PRAGMA synchronous = NORMAL")
            # What is deleted is overwritten, not just left out.
            await connection.execute_fetchall("PRAGMA secure_delete = ON")
        except BaseException:
            await asyncio.shield(connection.close())
            raise
        return cls(connection, path)

    @property
    def place(self) -> str:
        return str(self._path)

    @property
    def of_one_machine(self) -> bool:
        return True

    async def purge(self) -> bool:
        """Fold the write-ahead log, which holds what was deleted, into the file and empty it.

        False while another process reads the file: then it is tried again until it is done.
        """
        if await self._fold_log():
            return True
        if self._folding is None or self._folding.done():
            log.info("the database's log is folded once its other readers are done")
            self._folding = asyncio.create_task(self._fold_until_done(), name="fold log")
        return False

    async def _fold_until_done(self) -> None:
        while True:
            await asyncio.sleep(_FOLD_AGAIN_S)
            try:
                if await self._fold_log():
                    return
            except DatabaseClosed:
                return
            except StoreFailed as error:
                log.warning("the database's log could not be folded: %s", error)

    async def _fold_log(self) -> bool:
        async with self._own_turn():
            if self._reader is not None:  # what was deleted is not to stay in its memory either
                self._reader.execute("PRAGMA shrink_memory")
            rows = await self._fetch("PRAGMA wal_checkpoint(TRUNCATE)", ())
        ((busy, *_),) = rows
        return not busy

    async def now(self) -> None:
        return None

    async def tables(self, column: str | None = None) -> list[str]:
        if column is None:
            return await self.column(
                "SELECT name FROM sqlite_master WHERE type = 'table' "
                "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
            )
        return await self.column(
            "SELECT m.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c "
            "WHERE m.type = 'table' AND c.name = ? ORDER BY m.name",
            column,
        )

    async def columns(self, table: str) -> list[str]:
        return await self.column("SELECT name FROM pragma_table_info(?)", table)

    async def references_to(self, table: str) -> list[tuple[str, str]]:
        found = await self.fetch(
            'SELECT m.name, f."from" FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f '
            "WHERE m.type = 'table' AND f.\"table\" = ? ORDER BY m.name",
            table,
        )
        return [(referring, column) for referring, column in found]

    async def fence(self, process: str, unfenced: Sequence[str]) -> None:
        for table in await self.tables():
            for change in () if table in unfenced else ("INSERT", "UPDATE"):
                await self.execute(
                    f"CREATE TEMP TRIGGER IF NOT EXISTS fence_{change}_{table} "  # noqa: S608
                    f"BEFORE {change} ON main.{table} WHEN NOT EXISTS "
                    f"(SELECT 1 FROM main.processes WHERE process = '{process}') "
                    "BEGIN SELECT RAISE(ABORT, 'this process was given up by the others'); END"
                )

    async def last_numbers(self) -> dict[str, int]:
        rows = await self.fetch("SELECT name, seq FROM sqlite_sequence")
        return {row["name"]: row["seq"] for row in rows}

    async def go_on_from(self, last_numbers: Mapping[str, int]) -> None:
        async with self.transaction():
            await self.execute("DELETE FROM sqlite_sequence")
            await self.execute_each(
                "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", list(last_numbers.items())
            )

    async def _begin(self) -> None:
        await self._control("BEGIN IMMEDIATE")

    async def _commit(self) -> None:
        with _failing():
            await self._connection.commit()

    async def _rollback(self) -> None:
        # The connection's thread runs one call after the other, so this comes after a BEGIN that
        # was still under way.
        with _failing():
            await self._connection.rollback()

    async def _control(self, sql: str) -> None:
        await self._fetch(sql, ())

    async def _fetch(self, sql: str, values: Sequence[Value]) -> list[Record]:
        with _failing():
            return list(await self._connection.execute_fetchall(sql, values))

    def _at_once(self, sql: str, values: Sequence[Value]) -> list[Record] | None:
        if self._closed:
            return None
        try:
            if self._reader is None:
                self._reader = sqlite3.connect(self._path, timeout=0.0, isolation_level=None)
                self._reader.row_factory = sqlite3.Row
                self._reader.execute("PRAGMA query_only = ON")
            return self._reader.execute(sql, values).fetchall()
        except sqlite3.Error as error:  # asked in the usual way it is waited for, or told
            log.debug("not looked up at once: %s", error)
            return None

    async def _change(self, sql: str, values: Sequence[Value]) -> int:
        with _failing():
            async with self._connection.execute(sql, values) as cursor:
                return cursor.rowcount

    async def _change_each(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        with _failing():
            async with self._connection.executemany(sql, rows):
                pass

    async def _number(self, sql: str, values: Sequence[Value], number: str) -> int:  # noqa: ARG002
        with _failing():
            async with self._connection.execute(sql, values) as cursor:
                return int(cursor.lastrowid or 0)

    async def _disconnect(self) -> None:
        """Fold the write-ahead log into the file, and close it."""
        if self._folding is not None:
            self._folding.cancel()
        if self._reader is not None:
            self._reader.close()
        try:
            await self._fetch("PRAGMA wal_checkpoint(TRUNCATE)", ())
        except StoreFailed as error:  # a full disk: the next start folds it
            log.warning("the database's log could not be folded: %s", error)
        finally:
            await asyncio.shield(self._connection.close())


@contextmanager
def _failing() -> Iterator[None]:
    """Raise our own errors for SQLite's."""
    try:
        yield
    except sqlite3.Error as error:
        raise failed(error) from error


def failed(error: sqlite3.Error) -> StoreFailed:
    """Our own error for one of SQLite's."""
    if isinstance(error, sqlite3.IntegrityError):
        return RuleBroken(str(error))
    other = Failure.REFUSED if isinstance(error, sqlite3.OperationalError) else Failure.FAULT
    # What Python itself raises has no code.
    code = getattr(error, "sqlite_errorcode", -1) & 0xFF
    return StoreFailed(_FAILURES.get(code, other), str(error))
