"""Moves everything that is stored from one database to another, and compares row by row."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from data.columns import Value
from data.database import Database
from data.errors import DatabaseUnusable, StoreFailed
from data.homes import HOME
from data.processes import UNFENCED

#: Counted by triggers, from the rows of another table.
_COUNTED = ("speech_totals",)

_AT_ONCE = 5000

Rows = Counter[tuple[Value, ...]]


async def copy_rows(source: Database, target: Database, home: str | None) -> int:
    """Copy all rows of `source` to `target`, which has the same schema; how many there are.

    What the running processes of the bot tell each other is left out. The folder with the files is
    `home` in the target, None: it is where the target is. Nothing is copied where the target has
    the very same rows. Raises `DatabaseUnusable`, having changed nothing, where it has others, and
    where they were not the same afterwards.
    """
    async with source.transaction():
        tables = await _tables(source)
        numbers = await source.last_numbers()
        wanted = {table: await _rows(source, table) for table in tables}
    async with target.transaction():
        there = {table: await _rows(target, table) for table in tables}
        await _belongs(target, home)
        if there == wanted:
            return sum(rows.total() for rows in wanted.values())
        for table in tables:
            if table not in _COUNTED:
                if there[table]:
                    raise DatabaseUnusable(
                        f"{target.place} has rows of its own already; nothing was moved to it."
                    )
                await _fill(target, table, wanted[table])
        await target.go_on_from(numbers)
        for table in tables:
            if await _rows(target, table) != wanted[table]:
                raise DatabaseUnusable(
                    f"The rows of {table} are not the same in {target.place}; nothing was moved."
                )
    return sum(rows.total() for rows in wanted.values())


async def _belongs(target: Database, home: str | None) -> None:
    known = await target.column("SELECT value FROM secrets WHERE name = ?", HOME)
    if known and known != [home]:
        raise DatabaseUnusable(
            f"{target.place} belongs to another TIMBRE_HOME; nothing was moved to it."
        )
    if home and not known:
        await target.insert("secrets", {"name": HOME, "value": home})


async def clear_rows(database: Database) -> None:
    """Delete all rows of a PostgreSQL, and the files that they are in. SQLite is one file."""
    async with database.transaction():
        tables = [table for table in await _tables(database) if table not in _COUNTED]
        await database.execute(f"TRUNCATE {', '.join(tables)}")
        await database.execute("UPDATE speech_totals SET size_bytes = 0")


async def _tables(database: Database) -> list[str]:
    """All tables but those of running processes, each behind those that it refers to."""
    left = [table for table in await database.tables() if table not in UNFENCED]
    referring = {table: await database.references_to(table) for table in left}
    ordered: list[str] = []
    while left:
        waiting = {table for one in left for table, _ in referring[one] if table != one}
        free = [table for table in left if table not in waiting]
        ordered += free
        left = [table for table in left if table in waiting]
    return ordered


def _batched(rows: Iterable[tuple[Value, ...]]) -> Iterator[list[tuple[Value, ...]]]:
    """Rows by so many that a database takes them in some seconds."""
    left = iter(rows)
    while some := list(islice(left, _AT_ONCE)):
        yield some


async def _columns(database: Database, table: str) -> list[str]:
    """The columns of a table, in an order that is the same in every database."""
    return sorted(await database.columns(table))


async def _rows(database: Database, table: str) -> Rows:
    columns = ", ".join(await _columns(database, table))
    sql = f"SELECT {columns} FROM {table}"  # noqa: S608 - of the schema
    if table == "secrets":
        return Counter(map(tuple, await database.fetch(f"{sql} WHERE name <> ?", HOME)))
    return Counter(map(tuple, await database.fetch(sql)))


async def _fill(target: Database, table: str, rows: Rows) -> None:
    columns = await _columns(target, table)
    marks = ", ".join("?" * len(columns))
    sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - the schema
    try:
        for some in _batched(rows.elements()):
            await target.execute_each(sql, some)
    except StoreFailed as error:
        raise DatabaseUnusable(
            f"{target.place} does not take the rows of {table}: {error}. Nothing was moved."
        ) from error
