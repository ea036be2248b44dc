"""One SQLite connection that many tasks share without their statements ever interleaving.

Every statement waits its turn behind one lock; a transaction keeps the turn from its first
statement to its commit. Knows no table: the stores beside it write the statements, and name the
tables and columns of those that are put together here.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import aiosqlite
import msgspec

from data.errors import DatabaseClosed
from data.rows import Row, typed
from data.schema import MIGRATIONS, load_migrations, prepare

log = logging.getLogger(__name__)

#: How long a statement waits for another process that is writing: Discord wants an answer to a
#: command within three seconds.
BUSY_TIMEOUT_S = 1.0
_BUSY_PAUSE_S = 0.02
_FOLD_AGAIN_S = 1.0

Value = int | float | str | bytes | None
#: A row to be written, by the names of its columns.
Columns = msgspec.Struct | Mapping[str, Value]
Conflict = Literal["ABORT", "IGNORE", "REPLACE"]
_Result = TypeVar("_Result")


class Database:
    """An open database. All methods belong to one event loop; none blocks it."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()
        self._holder: asyncio.Task[object] | None = None
        self._closed = False
        self._folding: asyncio.Task[None] | None = None

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
        return cls(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Run the body's statements as one transaction; leaving it by an exception undoes them.

        Inside another transaction of the same task it is a savepoint. The body must not await
        another task that uses the database: that one waits for the turn that the body holds. A
        task cancelled during the very commit may find it done.
        """
        if self._holder is asyncio.current_task():
            async with self._savepoint():
                yield
            return
        async with AsyncExitStack() as turn:
            try:
                await self._begin(turn)
                yield
                await self._connection.commit()
            except BaseException:
                # The connection's thread runs one call after the other, so this undoes a BEGIN
                # that was still under way when the task was cancelled. Without one it does nothing.
                if self._holder is asyncio.current_task():
                    await asyncio.shield(self._connection.rollback())
                raise

    async def _begin(self, turn: AsyncExitStack) -> None:
        """Enter a turn in which a transaction has begun, once no other process writes."""
        give_up_at = time.monotonic() + BUSY_TIMEOUT_S
        while True:
            await turn.enter_async_context(self._own_turn())
            try:
                await self._connection.execute_fetchall("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() > give_up_at:
                    raise
            await turn.aclose()
            await asyncio.sleep(_BUSY_PAUSE_S)

    async def _alone(self, statement: Callable[[], Awaitable[_Result]]) -> _Result:
        """Run one statement in a turn, again and again while another process writes.

        Between the tries everybody else has their turn: to read, nobody has to wait for a writer.
        """
        give_up_at = time.monotonic() + BUSY_TIMEOUT_S
        while True:
            inside = self._holder is asyncio.current_task()
            try:
                async with self._own_turn():
                    return await statement()
            except sqlite3.OperationalError as error:
                if inside or not _is_busy(error) or time.monotonic() > give_up_at:
                    raise
            await asyncio.sleep(_BUSY_PAUSE_S)

    async def select(self, row_type: type[Row], sql: str, *values: Value) -> list[Row]:
        return [typed(row, row_type) for row in await self.fetch(sql, *values)]

    async def rows(
        self, row_type: type[Row], table: str, *, order: str = "", **key: Value
    ) -> list[Row]:
        """The rows whose columns are as in `key`, in the order of the columns named."""
        where = f" WHERE {_matching(key)}" if key else ""
        order_by = f" ORDER BY {order}" if order else ""
        sql = f"SELECT * FROM {table}{where}{order_by}"  # noqa: S608
        return await self.select(row_type, sql, *key.values())

    async def row(self, row_type: type[Row], table: str, **key: Value) -> Row | None:
        return next(iter(await self.rows(row_type, table, order="", **key)), None)

    async def column(self, sql: str, *values: Value) -> list[Any]:
        """The first value of each row that a query gives."""
        return [row[0] for row in await self.fetch(sql, *values)]

    async def fetch(self, sql: str, *values: Value) -> list[sqlite3.Row]:
        return list(await self._alone(lambda: self._connection.execute_fetchall(sql, values)))

    async def execute(self, sql: str, *values: Value) -> int:
        """Run a statement that changes rows, and say how many it changed.

        Rows changed by cascades and triggers do not count.
        """
        _, count = await self._alone(lambda: self._changed(sql, values))
        return count

    async def insert(self, table: str, row: Columns, *, on_conflict: Conflict = "ABORT") -> int:
        """Insert one row, and return its row id; 0 where an equal key let it be ignored."""
        sql, values = _insert(table, row, on_conflict)
        row_id, count = await self._alone(lambda: self._changed(sql, values))
        return row_id if count else 0

    async def _changed(self, sql: str, values: Sequence[Value]) -> tuple[int, int]:
        """The row id of the last insertion, and how many rows a statement changed."""
        async with self._connection.execute(sql, values) as cursor:
            return int(cursor.lastrowid or 0), cursor.rowcount

    async def upsert(self, table: str, row: Columns, *, key: str, keep: str) -> None:
        """Insert one row, or change the one with its `key` in all columns but `keep`."""
        sql, values = _insert(table, row)
        changes = ", ".join(f"{name} = excluded.{name}" for name in _columns(row).keys() - {keep})
        await self.execute(f"{sql} ON CONFLICT ({key}) DO UPDATE SET {changes}", *values)

    async def update(self, table: str, changes: Columns, **key: Value) -> int:
        """Change the rows whose columns are as in `key`, and say how many those are."""
        columns = _columns(changes)
        assigned = ", ".join(f"{name} = ?" for name in columns)
        sql = f"UPDATE {table} SET {assigned} WHERE {_matching(key)}"  # noqa: S608
        return await self.execute(sql, *columns.values(), *key.values())

    async def delete(self, table: str, **key: Value) -> int:
        """Delete the rows whose columns are as in `key`, and say how many those were."""
        sql = f"DELETE FROM {table} WHERE {_matching(key)}"  # noqa: S608
        return await self.execute(sql, *key.values())

    async def execute_each(self, sql: str, rows: Sequence[Sequence[Value]]) -> int:
        """Run one statement for each row of values, all or none; say how many rows changed."""
        async with self.transaction(), self._connection.executemany(sql, rows) as cursor:
            return cursor.rowcount

    async def fold_log(self) -> bool:
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
            except sqlite3.Error as error:
                log.warning("the database's log could not be folded: %s", error)

    async def _fold_log(self) -> bool:
        async with self._own_turn():
            rows = await self._connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        ((busy, *_),) = rows
        return not busy

    async def close(self) -> None:
        """Wait for what is under way, fold the write-ahead log into the file, and disconnect.

        Later calls raise `DatabaseClosed`. Closing twice is harmless.
        """
        if self._folding is not None:
            self._folding.cancel()
        async with self._turn:
            if not self._closed:
                self._closed = True
                try:
                    await self._connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
                except sqlite3.Error as error:  # a full disk: the next start folds it
                    log.warning("the database's log could not be folded: %s", error)
                finally:
                    await asyncio.shield(self._connection.close())

    @asynccontextmanager
    async def _own_turn(self) -> AsyncIterator[None]:
        task = asyncio.current_task()
        if self._holder is task:
            yield
            return
        async with self._turn:
            if self._closed:
                raise DatabaseClosed("The bot is shutting down.")
            self._holder = task
            try:
                yield
            finally:
                self._holder = None

    @asynccontextmanager
    async def _savepoint(self) -> AsyncIterator[None]:
        try:
            await self._connection.execute_fetchall("SAVEPOINT inner")
            yield
            await self._connection.execute_fetchall("RELEASE inner")
        except BaseException:
            await self._connection.execute_fetchall("ROLLBACK TO inner")
            await self._connection.execute_fetchall("RELEASE inner")
            raise


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def _columns(row: Columns) -> Mapping[str, Value]:
    return msgspec.structs.asdict(row) if isinstance(row, msgspec.Struct) else row


def _matching(key: Mapping[str, Value]) -> str:
    return " AND ".join(f"{name} IS ?" for name in key)  # unlike =, finds NULL too


def _insert(table: str, row: Columns, on_conflict: Conflict = "ABORT") -> tuple[str, list[Value]]:
    columns = _columns(row)
    marks = ", ".join("?" * len(columns))
    names = ", ".join(columns)
    sql = f"INSERT OR {on_conflict} INTO {table} ({names}) VALUES ({marks})"  # noqa: S608
    return sql, list(columns.values())
