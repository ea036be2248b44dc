"""Statements and values put together from the names of columns."""

from collections.abc import Mapping

import msgspec

Value = int | float | str | bytes | None
#: A row to be written, by the names of its columns.
Columns = msgspec.Struct | Mapping[str, Value]


def columns_of(row: Columns) -> Mapping[str, Value]:
    return msgspec.structs.asdict(row) if isinstance(row, msgspec.Struct) else row


def matching(key: Mapping[str, Value]) -> str:
    """The condition that columns are as in `key`; its values are `given`."""
    return " AND ".join(f"{n} IS NULL" if v is None else f"{n} = ?" for n, v in key.items())


def given(key: Mapping[str, Value]) -> list[Value]:
    """The values of a key that its condition has marks for."""
    return [value for value in key.values() if value is not None]


def insertion(table: str, row: Columns) -> tuple[str, list[Value]]:
    """The statement that inserts one row, and its values."""
    columns = columns_of(row)
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", list(columns.values())  # noqa: S608
