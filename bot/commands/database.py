"""`python -m bot database move`: from the file in TIMBRE_HOME to a PostgreSQL, and back.

Every row is copied and compared before anything is removed where it was. A move that was
interrupted is finished by the same command.
"""

import asyncio
from pathlib import Path

from bot.base.databases import has_own, make_home_id, pair
from bot.base.home import DATABASE, HOME_ID
from bot.base.peers import HomeTaken, Peers
from bot.base.private_files import move, remove
from bot.commands.run import alone
from bot.services import address_of
from bot.settings import Settings, SettingsError
from data.errors import DatabaseUnusable, StoreFailed
from data.store import Store


async def move_database(settings: Settings, to: str) -> int:
    """Move all rows `to` sqlite or postgresql. Returns 0; raises `SettingsError`."""
    address = address_of(settings)
    if address is None:
        raise SettingsError(
            "TIMBRE_DATABASE: name the PostgreSQL that the rows are to be moved to, or from."
        )
    if settings.objects.place:
        raise SettingsError("TIMBRE_OBJECTS: rows whose clips lie in a bucket stay in PostgreSQL.")
    moving = _to_postgresql if to == "postgresql" else _to_sqlite
    with alone(settings.home):
        try:
            said = await moving(settings.home, address)
        except HomeTaken as error:
            raise SettingsError(f"Stop the bot before its database is moved: {error}.") from None
        except (DatabaseUnusable, StoreFailed) as error:
            raise SettingsError(str(error)) from error
    print(said)
    return 0


async def _to_postgresql(home: Path, address: str) -> str:
    if not has_own(home):
        raise DatabaseUnusable(f"There is no {DATABASE} in {home} that could be moved.")
    source = await Store.open(home / DATABASE)
    try:
        await Peers(source, home, None).join()
        here = await asyncio.to_thread(make_home_id, home)
        count = await source.copy_to(address, home=here)
    finally:
        await source.close()
    await asyncio.to_thread(remove, _files(home / DATABASE))
    return f"{count} rows are in the PostgreSQL now, and {DATABASE} is removed."


async def _to_sqlite(home: Path, address: str) -> str:
    whole, unfinished = home / DATABASE, home / f".{DATABASE}.part"
    source = await Store.open(address)
    try:
        if not has_own(home):
            await pair(source, home)
        await Peers(source, home, None).join()
        if has_own(home):  # a move that was interrupted
            count = await source.copy_to(whole)
        else:
            await asyncio.to_thread(remove, _files(unfinished))
            count = await source.copy_to(unfinished)
            await asyncio.to_thread(move, unfinished, whole)
        await asyncio.to_thread(remove, [home / HOME_ID])
        await source.clear()
    finally:
        await source.close()
    return (
        f"{count} rows are in {whole} now, and none is left in {source.place}. Remove "
        "TIMBRE_DATABASE from the settings."
    )


def _files(database: Path) -> list[Path]:
    """An SQLite database and what lies beside it, the log first: alone it says nothing."""
    return [database.with_name(database.name + end) for end in ("-wal", "-shm", "")]
