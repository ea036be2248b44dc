"""One connection to a database that many tasks share without their statements ever interleaving.

Every statement waits its turn behind one lock; a transaction keeps the turn from its first
statement to its commit. Knows no table: the stores beside it write the statements, and name the
tables and columns of those that are put together here. They are written once, in what SQLite and
PostgreSQL both understand, with `?` for each value.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

from data.columns import Columns, Value, columns_of, given, insertion, matching
from data.errors import DatabaseClosed, Failure, StoreFailed
from data.rows import Record, RowT, typed

#: How long a statement waits for another process that is writing: Discord wants an answer to a
#: command within three seconds.
BUSY_TIMEOUT_S = 1.0
_BUSY_PAUSE_S = 0.02

_Result = TypeVar("_Result")


class Database(ABC):
    """An open database. All methods belong to one event loop; none blocks it.

    `lookup` may read a few pages of a file in the loop, as SQLite does in microseconds.

    What fails raises `StoreFailed`, or `RuleBroken` of its kind.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._holder: asyncio.Task[object] | None = None
        self._closed = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Run the body's statements as one transaction; leaving it by an exception undoes them.

        No transaction of another process runs meanwhile. Inside another one of the same task it is
        a savepoint. The body must not await another task that uses the database: that one waits for
        the turn that the body holds. A task cancelled during the very commit may find it done.
        """
        if self._holder is asyncio.current_task():
            async with self._savepoint():
                yield
            return
        async with AsyncExitStack() as turn:
            try:
                await self._begin_in(turn)
                yield
                await self._commit()
            except BaseException:
                # Undoes also a beginning that was still under way when the task was cancelled.
                # Without one it does nothing.
                if self._holder is asyncio.current_task():
                    await asyncio.shield(self._rollback())
                raise

    async def _begin_in(self, turn: AsyncExitStack) -> None:
        """Enter a turn in which a transaction has begun, once no other process writes."""
        give_up_at = time.monotonic() + BUSY_TIMEOUT_S
        while True:
            await turn.enter_async_context(self._own_turn())
            try:
                await self._begin()
                return
            except StoreFailed as error:
                if error.why is not Failure.HELD or time.monotonic() > give_up_at:
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
            except StoreFailed as error:
                held = error.why is Failure.HELD
                if inside or not held or time.monotonic() > give_up_at:
                    raise
            await asyncio.sleep(_BUSY_PAUSE_S)

    async def select(self, row_type: type[RowT], sql: str, *values: Value) -> list[RowT]:
        return [typed(row, row_type) for row in await self.fetch(sql, *values)]

    async def rows(
        self, row_type: type[RowT], table: str, *, order: str = "", **key: Value
    ) -> list[RowT]:
        """The rows whose columns are as in `key`, in the order of the columns named."""
        where = f" WHERE {matching(key)}" if key else ""
        order_by = f" ORDER BY {order}" if order else ""
        sql = f"SELECT * FROM {table}{where}{order_by}"  # noqa: S608
        return await self.select(row_type, sql, *given(key))

    async def row(self, row_type: type[RowT], table: str, **key: Value) -> RowT | None:
        return next(iter(await self.rows(row_type, table, order="", **key)), None)

    async def column(self, sql: str, *values: Value) -> list[Any]:
        """The first value of each row that a query gives."""
        return [row[0] for row in await self.fetch(sql, *values)]

    async def fetch(self, sql: str, *values: Value) -> list[Record]:
        return await self._alone(lambda: self._fetch(sql, values))

    async def lookup(self, sql: str, *values: Value) -> list[Record]:
        """As `fetch`, for what every line asks, where an index finds a few rows.

        It need not wait for its turn: of a transaction of another task it sees nothing before the
        end.
        """
        found = None
        if self._holder is not asyncio.current_task():
            found = self._at_once(sql, values)
        return await self.fetch(sql, *values) if found is None else found

    async def execute(self, sql: str, *values: Value) -> int:
        """Run a statement that changes rows, and say how many it changed.

        Rows changed by cascades and triggers do not count.
        """
        return await self._alone(lambda: self._change(sql, values))

    async def insert(self, table: str, row: Columns, *, unless_known: bool = False) -> bool:
        """Insert one row; false where it was to be left out, as there is one with an equal key."""
        sql, values = insertion(table, row)
        if unless_known:
            sql = f"{sql} ON CONFLICT DO NOTHING"
        return bool(await self.execute(sql, *values))

    async def insert_numbered(self, table: str, row: Columns, *, number: str) -> int:
        """Insert one row, and return the number that it gets in the column `number`."""
        sql, values = insertion(table, row)
        return await self._alone(lambda: self._number(sql, values, number))

    async def upsert(self, table: str, row: Columns, *, key: str, keep: str = "") -> None:
        """Insert one row, or change the one with its `key` in all columns but `keep`.

        `key` has commas between its columns.
        """
        sql, values = insertion(table, row)
        others = [name for name in columns_of(row) if name not in (*key.split(", "), keep)]
        changes = ", ".join(f"{name} = excluded.{name}" for name in others)
        await self.execute(f"{sql} ON CONFLICT ({key}) DO UPDATE SET {changes}", *values)

    async def update(self, table: str, changes: Columns, **key: Value) -> int:
        """Change the rows whose columns are as in `key`, and say how many those are."""
        columns = columns_of(changes)
        assigned = ", ".join(f"{name} = ?" for name in columns)
        sql = f"UPDATE {table} SET {assigned} WHERE {matching(key)}"  # noqa: S608
        return await self.execute(sql, *columns.values(), *given(key))

    async def delete(self, table: str, **key: Value) -> int:
        """Delete the rows whose columns are as in `key`, and say how many those were."""
        sql = f"DELETE FROM {table} WHERE {matching(key)}"  # noqa: S608
        return await self.execute(sql, *given(key))

    async def execute_each(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        """Run one statement for each row of values, all or none."""
        async with self.transaction():
            await self._change_each(sql, rows)

    async def close(self) -> None:
        """Wait for what is under way, and disconnect.

        Later calls raise `DatabaseClosed`. Closing twice is harmless.
        """
        async with self._turn:
            if not self._closed:
                self._closed = True
                await self._disconnect()

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
        await self._control("SAVEPOINT inside")
        try:
            yield
        except BaseException:
            await self._control("ROLLBACK TO inside")
            await self._control("RELEASE inside")
            raise
        await self._control("RELEASE inside")

    @property
    @abstractmethod
    def place(self) -> str:
        """Where it is, for whoever runs the bot; without a password."""

    @property
    @abstractmethod
    def of_one_machine(self) -> bool:
        """Whether only processes of this machine can use it: they share its clock."""

    @abstractmethod
    async def purge(self) -> bool:
        """Let what was deleted leave the database's files; false where that is done later."""

    @abstractmethod
    async def now(self) -> float | None:
        """The time by the database's own clock in Unix seconds; None: it has none."""

    @abstractmethod
    async def tables(self, column: str | None = None) -> list[str]:
        """All tables, or those that have a column, by name."""

    @abstractmethod
    async def columns(self, table: str) -> list[str]:
        """The names of a table's columns."""

    @abstractmethod
    async def references_to(self, table: str) -> list[tuple[str, str]]:
        """The tables and their columns that refer to one, by name."""

    @abstractmethod
    async def fence(self, process: str, unfenced: Sequence[str]) -> None:
        """Let this connection write only while `process` has a row in `processes`.

        Otherwise a statement raises `RuleBroken`; not so of the tables `unfenced`.
        """

    @abstractmethod
    async def last_numbers(self) -> dict[str, int]:
        """The highest number that each table gave, by table: none is ever given again."""

    @abstractmethod
    async def go_on_from(self, last_numbers: Mapping[str, int]) -> None:
        """Let tables give higher numbers than these."""

    def _at_once(self, sql: str, values: Sequence[Value]) -> list[Record] | None:  # noqa: ARG002
        """What a query finds, where that takes microseconds and can be had without a turn.

        None where it cannot, whatever the reason.
        """
        return None

    @abstractmethod
    async def _begin(self) -> None:
        """Begin a transaction that no other process writes beside, or fail as `HELD`."""

    @abstractmethod
    async def _commit(self) -> None: ...

    @abstractmethod
    async def _rollback(self) -> None: ...

    @abstractmethod
    async def _control(self, sql: str) -> None:
        """Run a statement about savepoints."""

    @abstractmethod
    async def _fetch(self, sql: str, values: Sequence[Value]) -> list[Record]: ...

    @abstractmethod
    async def _change(self, sql: str, values: Sequence[Value]) -> int: ...

    @abstractmethod
    async def _change_each(self, sql: str, rows: Sequence[Sequence[Value]]) -> None: ...

    @abstractmethod
    async def _number(self, sql: str, values: Sequence[Value], number: str) -> int: ...

    @abstractmethod
    async def _disconnect(self) -> None: ...
