"""Which database an address means."""

import sys
from importlib.resources.abc import Traversable
from pathlib import Path

from data.database import Database
from data.errors import DatabaseUnusable
from data.schema import MIGRATIONS
from data.sqlite import SqliteDatabase


async def open_database(where: Path | str, migrations: Traversable = MIGRATIONS) -> Database:
    """Open SQLite's file at a path, or PostgreSQL's database at an address.

    Either is made or brought to the newest schema. Raises `DatabaseUnusable`.
    """
    if isinstance(where, Path):
        return await SqliteDatabase.open(where, migrations)
    try:
        from data.postgresql import PostgresqlDatabase  # noqa: PLC0415 - most have none
    except ModuleNotFoundError as error:
        raise DatabaseUnusable(
            "TIMBRE_DATABASE names a PostgreSQL, and asyncpg is missing: "
            f"{sys.executable} -m pip install asyncpg==0.32.0 installs it."
        ) from error
    return await PostgresqlDatabase.open(where, migrations)
