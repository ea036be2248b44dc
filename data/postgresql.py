"""PostgreSQL, which several machines can use.

One connection a process, as with SQLite. A transaction is the only one of all processes at a time,
by a lock that PostgreSQL frees with the connection; single statements go beside it.
"""

import asyncio
import logging
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib.resources.abc import Traversable
from typing import Self

import asyncpg

from data.columns import Value
from data.database import BUSY_TIMEOUT_S, Database
from data.errors import DatabaseUnusable, Failure, StoreFailed
from data.postgresql_errors import failing
from data.postgresql_schema import prepare
from data.rows import Record
from data.schema import MIGRATIONS, load_migrations

log = logging.getLogger(__name__)

#: How long a statement, and connecting again, may take before the server counts as away.
_ANSWER_S = 10.0
_CONNECTED_S = 3.0
#: While it is away it is not asked more often, or everybody would wait for each other's try.
_CONNECT_AGAIN_S = 1.0
#: How long a beginning transaction keeps its own process from reading meanwhile.
_LOCKED_MS = 50
#: A process that is frozen in the middle of a transaction keeps the others waiting this long.
_IDLE_MS = 10_000
#: How long removing what was deleted may take, and when it is tried again.
_PURGED_S = 3600.0
_PURGE_AGAIN_S = 5.0
#: The advisory lock of transactions: "TMBR" in ASCII.
_LOCK = 0x544D4252

_BEGIN = (
    f"BEGIN; SET LOCAL lock_timeout = {_LOCKED_MS}; SELECT pg_advisory_xact_lock({_LOCK}); "
    f"SET LOCAL lock_timeout = {int(BUSY_TIMEOUT_S * 1000)}"
)

_PLACE = (
    "SELECT 'PostgreSQL ' || current_setting('server_version') || ', database ' || "
    "current_database() || coalesce(' at ' || host(inet_server_addr()) || ' port ' || "
    "inet_server_port(), '')"
)


class PostgresqlDatabase(Database):
    """An open connection, which comes back by itself where it was lost."""

    def __init__(self, url: str, connection: asyncpg.Connection, place: str) -> None:
        super().__init__()
        self._url = url
        self._connection = connection
        self._inside = False  # a transaction
        self._process = ""
        self._connect_at = 0.0
        self._purge_wanted = False
        self._purging: asyncio.Task[None] | None = None
        self._place = place

    @classmethod
    async def open(cls, url: str, migrations: Traversable = MIGRATIONS) -> Self:
        """Connect, and bring the database to the newest schema.

        Raises `DatabaseUnusable`, having changed nothing.
        """
        try:
            connection = await _connect(url, "", timeout_s=_ANSWER_S)
        except (StoreFailed, ValueError) as error:
            # ValueError: what asyncpg says of an address that it cannot read. Both without it.
            raise DatabaseUnusable(
                f"The PostgreSQL of TIMBRE_DATABASE cannot be opened: {error}."
            ) from None
        try:
            with failing():
                await prepare(connection, migrations, load_migrations(migrations), _LOCK)
                place = await connection.fetchval(_PLACE)
        except StoreFailed as error:
            await connection.close()
            raise DatabaseUnusable(
                f"The PostgreSQL of TIMBRE_DATABASE cannot be prepared: {error}."
            ) from error
        except BaseException:
            await asyncio.shield(connection.close())
            raise
        return cls(url, connection, place)

    @property
    def place(self) -> str:
        return self._place

    @property
    def of_one_machine(self) -> bool:
        return False

    async def purge(self) -> bool:
        """Begin to remove what was deleted from the tables' pages; all others go on meanwhile."""
        self._purge_wanted = True
        if self._purging is None or self._purging.done():
            self._purging = asyncio.create_task(self._purge(await self.tables()), name="vacuum")
        return True

    async def _purge(self, tables: Sequence[str]) -> None:
        while self._purge_wanted:
            self._purge_wanted = False  # who deletes something meanwhile wants another one
            try:
                await _vacuum(self._url, tables)
            except StoreFailed as error:
                if error.why is not Failure.HELD:  # another process is at it
                    log.warning("what was deleted is still in the tables: %s", error)
                self._purge_wanted = True
                await asyncio.sleep(_PURGE_AGAIN_S)

    async def now(self) -> float:
        ((seconds,),) = await self.fetch("SELECT extract(epoch FROM clock_timestamp())::float8")
        return float(seconds)

    async def tables(self, column: str | None = None) -> list[str]:
        has_it = "" if column is None else "AND c.attname = ? AND NOT c.attisdropped "
        return await self.column(
            'SELECT DISTINCT t.relname::text COLLATE "C" AS name FROM pg_class AS t '  # noqa: S608
            "JOIN pg_attribute AS c ON c.attrelid = t.oid WHERE t.relkind = 'r' "
            f"AND t.relnamespace = current_schema()::regnamespace {has_it}"
            "AND t.relname <> 'schema_version' ORDER BY name",
            *(() if column is None else (column,)),
        )

    async def columns(self, table: str) -> list[str]:
        return await self.column(
            "SELECT attname::text FROM pg_attribute "
            "WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped",
            table,
        )

    async def references_to(self, table: str) -> list[tuple[str, str]]:
        found = await self.fetch(
            'SELECT t.relname::text COLLATE "C" AS name, c.attname::text AS referring '
            "FROM pg_constraint AS r JOIN pg_class AS t ON t.oid = r.conrelid "
            "JOIN pg_attribute AS c ON c.attrelid = t.oid AND c.attnum = r.conkey[1] "
            "WHERE r.contype = 'f' AND r.confrelid = to_regclass(?) ORDER BY name, referring",
            table,
        )
        return [(referring, column) for referring, column in found]

    async def fence(self, process: str, unfenced: Sequence[str]) -> None:  # noqa: ARG002
        """The triggers that ask for the process are in the schema."""
        await self.fetch("SELECT set_config('timbre.process', ?, false)", process)
        self._process = process

    async def last_numbers(self) -> dict[str, int]:
        found = {}
        for table, sequence in await self._sequences():
            ((last, given),) = await self.fetch(f"SELECT last_value, is_called FROM {sequence}")  # noqa: S608
            if given:
                found[table] = int(last)
        return found

    async def go_on_from(self, last_numbers: Mapping[str, int]) -> None:
        for table, sequence in await self._sequences():
            last = last_numbers.get(table, 0)
            await self.fetch(
                "SELECT setval(?::text::regclass, ?, ? = 1)", sequence, max(last, 1), last > 0
            )

    async def _sequences(self) -> list[tuple[str, str]]:
        """The tables that give numbers, and what gives them."""
        found = await self.fetch(
            "SELECT table_name::text AS name, "
            "pg_get_serial_sequence(table_name::text, column_name::text) AS sequence "
            "FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND is_identity = 'YES' ORDER BY name"
        )
        return [(table, sequence) for table, sequence in found]

    async def _begin(self) -> None:
        await self._connected()
        self._inside = True
        try:
            await self._control(_BEGIN)
        except StoreFailed:
            await self._rollback()
            raise

    async def _commit(self) -> None:
        with self._asking():
            done = await self._connection.execute("COMMIT")
        self._inside = False
        if done == "ROLLBACK":
            raise StoreFailed(Failure.FAULT, "a statement of the transaction had failed")

    async def _rollback(self) -> None:
        if self._inside:
            try:
                with self._asking():
                    await self._connection.execute("ROLLBACK")
            except StoreFailed as error:  # then the server does it: the connection is gone
                log.warning("a transaction ended with its connection", extra={"reason": str(error)})
            self._inside = False

    async def _control(self, sql: str) -> None:
        with self._asking():
            await self._connection.execute(sql)

    async def _fetch(self, sql: str, values: Sequence[Value]) -> list[Record]:
        await self._connected()
        with self._asking():
            return list(await self._connection.fetch(_numbered(sql), *map(_plain, values)))

    async def _change(self, sql: str, values: Sequence[Value]) -> int:
        await self._connected()
        with self._asking():
            done = await self._connection.execute(_numbered(sql), *map(_plain, values))
        count = done.rpartition(" ")[2]  # "INSERT 0 1", "DELETE 5"
        return int(count) if count.isdecimal() else 0

    async def _change_each(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        with self._asking():
            plain = [tuple(map(_plain, row)) for row in rows]
            await self._connection.executemany(_numbered(sql), plain)

    async def _number(self, sql: str, values: Sequence[Value], number: str) -> int:
        ((given,),) = await self._fetch(f"{sql} RETURNING {number}", values)
        return int(given)

    async def _connected(self) -> None:
        """Connect again where the connection was lost: never inside a transaction."""
        if self._connection.is_closed():
            if self._inside:
                raise StoreFailed(Failure.AWAY, "the connection was lost in a transaction")
            if time.monotonic() < self._connect_at:
                raise StoreFailed(Failure.AWAY, "the connection was lost")
            try:
                self._connection = await _connect(self._url, self._process)
            except StoreFailed:
                self._connect_at = time.monotonic() + _CONNECT_AGAIN_S
                raise
            log.info("connected to the database again")

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Give a connection up that does not answer as it should."""
        try:
            with failing():
                yield
        except StoreFailed as error:
            if error.why is Failure.AWAY:
                self._connection.terminate()
            raise

    async def _disconnect(self) -> None:
        if self._purging is not None:  # the next start does it
            self._purging.cancel()
            await asyncio.wait({self._purging})
        with suppress(OSError, asyncpg.PostgresError, TimeoutError):
            await asyncio.shield(self._connection.close(timeout=_ANSWER_S))


async def _connect(url: str, process: str, timeout_s: float = _CONNECTED_S) -> asyncpg.Connection:
    with failing():
        return await asyncpg.connect(
            url,
            timeout=timeout_s,
            command_timeout=_ANSWER_S,
            server_settings={
                "application_name": "timbre",
                "timbre.process": process,
                "lock_timeout": str(int(BUSY_TIMEOUT_S * 1000)),
                "idle_in_transaction_session_timeout": str(_IDLE_MS),
            },
        )


async def _vacuum(url: str, tables: Sequence[str]) -> None:
    connection = await _connect(url, "")
    try:
        with failing():
            await connection.execute(f"VACUUM {', '.join(tables)}", timeout=_PURGED_S)
    finally:
        await asyncio.shield(connection.close(timeout=_ANSWER_S))


@lru_cache(maxsize=512)
def _numbered(sql: str) -> str:
    """A statement with PostgreSQL's marks for values: `$1`, `$2`, ... for each `?`."""
    count = iter(range(1, sql.count("?") + 1))
    return re.sub(r"\?", lambda _: f"${next(count)}", sql)


def _plain(value: Value) -> Value:
    """A value as the columns have it: a bool is 0 or 1."""
    return int(value) if isinstance(value, bool) else value
