"""The database of a home: SQLite's in it, or the PostgreSQL that the settings name.

Rows and files agree, and the janitor removes what does not. So a home is never opened with another
database than its own: a PostgreSQL and a home know each other by what is in the file `HOME_ID`.
"""

import asyncio
import os
import secrets
from contextlib import suppress
from pathlib import Path

from bot.base.bucket import Bucket, new_id
from bot.base.home import CLIPS, DATABASE, HOME_ID, has_clips, prepare_home
from bot.base.objects import Objects
from bot.base.private_files import create
from data.errors import DatabaseUnusable
from data.store import Store

#: What a PostgreSQL whose clips lie in a bucket knows that by, before the id.
IN_BUCKET = "bucket "
#: `timbre files move`, before what a place is known by: it is whole and being copied, or all is in
#: the other place and it is being emptied.
MOVING, EMPTYING = "moving ", "emptying "


async def open_database_of(home: Path, address: str | None, bucket: Bucket | None = None) -> Store:
    """Open the database of a home: the PostgreSQL at `address`, or (None) the file in the home.

    Clips lie in `bucket`; None: in the home. Raises `DatabaseUnusable`, `ObjectsUnusable`, and
    `OSError` where the home or the bucket cannot be used.
    """
    await asyncio.to_thread(prepare_home, home)
    if address is None:
        if (home / HOME_ID).is_file() and not has_own(home):
            raise DatabaseUnusable(
                f"The database of {home} is a PostgreSQL; name it in TIMBRE_DATABASE."
            )
        return await Store.open(home / DATABASE)
    _require_no_own(home)
    store = await Store.open(address)
    try:
        await require_together(store, home, address, bucket)
    except BaseException:
        await store.close()
        raise
    return store


async def require_together(
    store: Store, home: Path, address: str | None, bucket: Bucket | None
) -> None:
    """Raise as `open_database_of` does, of a store that it opened, unless all is in its place.

    A process asks that again once the others see it: what moves a database or files away looks for
    processes when it has begun.
    """
    if address is None:
        if not has_own(home):
            raise DatabaseUnusable(f"{DATABASE} has been moved from {home}.")
        return
    _require_no_own(home)
    if bucket is None:
        await pair(store, home)
    else:
        await _pair_with_bucket(store, bucket, home)
        await bucket.require_private()


def _require_no_own(home: Path) -> None:
    if has_own(home):
        raise DatabaseUnusable(
            f"TIMBRE_DATABASE names a PostgreSQL, and {home} has a database of its own, "
            f"{DATABASE}: `timbre database move postgresql` moves it."
        )


def has_own(home: Path) -> bool:
    """Whether there is an SQLite database in a home."""
    database = home / DATABASE
    return database.is_file() and database.stat().st_size > 0


async def pair(store: Store, home: Path) -> None:
    """Let a PostgreSQL and a home know each other. Raises `DatabaseUnusable` where they do not."""
    known, here = await store.homes.of_folder(), await asyncio.to_thread(_home_id, home)
    _require_at_rest(known)
    if known is not None and known.startswith(IN_BUCKET):
        raise DatabaseUnusable(
            "The clips of the PostgreSQL of TIMBRE_DATABASE lie in a bucket; name it in "
            "TIMBRE_OBJECTS."
        )
    if known is None:
        if await store.voices.all():
            raise DatabaseUnusable(
                "The PostgreSQL of TIMBRE_DATABASE has voices, and no folder with their clips: "
                "`timbre database move` was interrupted. Run it again."
            )
        if here is not None and has_clips(home):
            raise DatabaseUnusable(
                f"{home} holds members' clips, and the PostgreSQL of TIMBRE_DATABASE is empty: it "
                "is not the one that knows whose they are."
            )
        if here is None:
            here = await asyncio.to_thread(make_home_id, home)
        await store.homes.belongs(here)
        known = await store.homes.of_folder()
    if known != here:
        raise DatabaseUnusable(
            f"The PostgreSQL of TIMBRE_DATABASE belongs to another folder than {home}; all "
            "machines that use it need one TIMBRE_HOME, which they share."
        )


def make_home_id(home: Path) -> str:
    """What a PostgreSQL is to know a home by; of several processes that ask, one makes it."""
    path, unfinished = home / HOME_ID, home / f".{secrets.token_hex(4)}.part"
    create(unfinished, secrets.token_hex(16).encode())
    try:
        with suppress(FileExistsError):
            os.link(unfinished, path)
    finally:
        unfinished.unlink()
    return path.read_text("ascii")


def _home_id(home: Path) -> str | None:
    try:
        return (home / HOME_ID).read_text("ascii", "replace")
    except FileNotFoundError:
        return None


async def _pair_with_bucket(store: Store, bucket: Bucket, home: Path) -> None:
    """Let a PostgreSQL and a bucket know each other. Raises `DatabaseUnusable`, and `OSError`."""
    if await asyncio.to_thread(has_clips, home):
        raise DatabaseUnusable(
            f"{home} holds members' clips, and TIMBRE_OBJECTS has them lie in a bucket: "
            "`timbre files move bucket` moves them."
        )
    # In this order, as it is noted in the other: several may begin at once.
    here, known = await known_id(bucket), await store.homes.of_folder()
    _require_at_rest(known)
    if known is None:
        if await store.voices.all() or (here is None and await bucket.names(CLIPS)):
            raise DatabaseUnusable(
                f"The PostgreSQL of TIMBRE_DATABASE and {bucket.place} do not belong together."
            )
        if here is not None:
            raise DatabaseUnusable(
                f"{bucket.place} belongs to another database than the PostgreSQL of "
                "TIMBRE_DATABASE."
            )
        await store.homes.belongs(IN_BUCKET + new_id().decode())
        known = await store.homes.of_folder()  # of several, one decides
    if known is None or not known.startswith(IN_BUCKET):
        raise DatabaseUnusable(
            "The PostgreSQL of TIMBRE_DATABASE has its clips in a folder: "
            "`timbre files move bucket` moves them from there."
        )
    if here is None and not await store.voices.all():
        here = known.removeprefix(IN_BUCKET)
        await bucket.put(HOME_ID, here.encode())
    if here != known.removeprefix(IN_BUCKET):
        raise DatabaseUnusable(
            f"The PostgreSQL of TIMBRE_DATABASE belongs to another bucket than {bucket.place}."
        )


async def known_id(objects: Objects) -> str | None:
    """What a PostgreSQL knows a place of clips by, without `IN_BUCKET`; None: none does."""
    try:
        # What is no id either is another's all the more.
        return await objects.get(HOME_ID, lambda content: content.decode("ascii", "replace"))
    except FileNotFoundError:
        return None


def _require_at_rest(known: str | None) -> None:
    if known is not None and known.startswith((MOVING, EMPTYING)):
        raise DatabaseUnusable("`timbre files move` was interrupted. Run it again.")
