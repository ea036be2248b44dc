"""`python -m bot files move`: clips and speech from TIMBRE_HOME into the bucket, and back.

Each file is read back and compared by its digest before any is removed where it was. The database
knows all the while how far the move is, and no bot begins before its end: what a member deletes is
never left in the other place. A move that was interrupted is finished by the same command, or taken
back by the other one.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from bot.base import private_files
from bot.base.bucket import Bucket, ObjectsUnusable, bucket_of
from bot.base.databases import EMPTYING, IN_BUCKET, MOVING, has_own, known_id
from bot.base.home import CLIPS, CONDITIONALS, HOME_ID, SPEECH, UPLOADS
from bot.base.objects import FolderObjects, Objects, ObjectsFailed
from bot.base.peers import HomeTaken, Peers
from bot.commands.run import alone
from bot.services import address_of
from bot.settings import Settings, SettingsError
from data.errors import DatabaseUnusable, StoreFailed
from data.store import Store

_MOVED = (CLIPS, SPEECH)
#: Files that are on their way together.
_AT_ONCE = 8


@dataclass(frozen=True)
class _Place:
    """Where files lie. `known` is what the database knows it by, `name` is for people."""

    objects: Objects
    known: str
    name: str
    #: With what each machine makes anew for itself, and what was coming in when a bot ended.
    folders: tuple[str, ...]

    async def empty(self) -> None:
        for folder in self.folders:
            await self.objects.delete(await self.objects.names(folder))
        await self.objects.delete([HOME_ID])


async def move_files(settings: Settings, to: str) -> int:
    """Move all clips and renderings `to` bucket or folder. Returns 0; raises `SettingsError`."""
    address, home = address_of(settings), settings.home
    if settings.objects.place is None or address is None:
        raise SettingsError(
            "TIMBRE_OBJECTS: name the bucket that the files are to be moved to, or from."
        )
    with alone(home):
        try:
            if has_own(home):
                raise DatabaseUnusable(
                    f"{home} has its rows in SQLite, and files in a bucket need a PostgreSQL: "
                    "`timbre database move postgresql` comes first, without TIMBRE_OBJECTS."
                )
            bucket = bucket_of(settings.objects, home)
            store = await Store.open(address)
            try:
                said = await _move(store, home, bucket, to)
            finally:
                await store.close()
        except HomeTaken as error:
            raise SettingsError(f"Stop the bot before its files are moved: {error}.") from None
        except (DatabaseUnusable, ObjectsUnusable, StoreFailed) as error:
            raise SettingsError(str(error)) from error
        except ObjectsFailed as error:
            raise SettingsError(
                f"The files are not all moved; run the command again. {error}"
            ) from error
        except OSError as error:
            raise SettingsError(f"TIMBRE_HOME cannot be used: {error}") from error
    print(said)
    return 0


async def _move(store: Store, home: Path, bucket: Bucket, to: str) -> str:
    await _require_stopped(store, home)
    known = await store.homes.of_folder()
    if known is None:
        raise DatabaseUnusable("The PostgreSQL of TIMBRE_DATABASE speaks of no files yet.")
    shared = known.rpartition(" ")[2]
    folder = _Place(FolderObjects(home), shared, str(home), (*_MOVED, CONDITIONALS, UPLOADS))
    in_bucket = _Place(bucket, IN_BUCKET + shared, bucket.place, _MOVED)
    source, target = (folder, in_bucket) if to == "bucket" else (in_bucket, folder)
    whole = source
    if known in (target.known, MOVING + target.known, EMPTYING + source.known):
        whole = target
    for place in (source, target):
        found = await known_id(place.objects)
        strange = found is None and (place is whole or await place.objects.names(CLIPS))
        if strange or found not in (None, shared):
            raise DatabaseUnusable(
                f"{place.name} does not belong to the PostgreSQL of TIMBRE_DATABASE."
            )
    if known == target.known:
        return f"All files are in {target.name} already."
    if known == EMPTYING + target.known:  # the other way, and not quite finished
        await target.empty()
        await store.homes.moved(source.known)
    if whole is source:
        await _claim(target.objects, shared, home)
        await store.homes.moved(MOVING + source.known)
        await _copy(source.objects, target.objects, home)
        await _require_stopped(store, home)
    await store.homes.moved(EMPTYING + source.known)
    await source.empty()
    await store.homes.moved(target.known)
    count = len(await _names(target.objects))
    said = f"{count} files are in {target.name} now, and none is left in {source.name}."
    return said if to == "bucket" else f"{said} Remove TIMBRE_OBJECTS from the settings."


async def _require_stopped(store: Store, home: Path) -> None:
    await Peers(store, home, None).join()


async def _claim(target: Objects, shared: str, home: Path) -> None:
    """Mark a place as the database's. Raises `ObjectsUnusable` where others can read it."""
    if await known_id(target) is None:
        await _send(target, HOME_ID, shared.encode(), home)
    if isinstance(target, Bucket):
        await target.require_private()


async def _copy(source: Objects, target: Objects, home: Path) -> None:
    """Have the same files in `target` as there are in `source`.

    What `target` has beside is of a move that was interrupted, and was deleted since.
    """
    names = await _names(source)
    await target.delete(set(await _names(target)).difference(names))
    left = iter(names)
    await asyncio.gather(*(_copy_left(left, source, target, home) for _ in range(_AT_ONCE)))


async def _names(objects: Objects) -> list[str]:
    """Whole files: what was being written when a bot ended is nobody's."""
    found = [name for folder in _MOVED for name in await objects.names(folder)]
    return [name for name in found if not name.endswith(".part")]


async def _copy_left(left: Iterator[str], source: Objects, target: Objects, home: Path) -> None:
    for name in left:
        content = await source.get(name, bytes)
        digest = sha256(content).digest()
        if await _digest(target, name) == digest:
            continue
        await _send(target, name, content, home)
        if await _digest(target, name) != digest:
            raise ObjectsFailed(f"{name} is not the same where it was moved to.")


async def _send(target: Objects, name: str, content: bytes, home: Path) -> None:
    """So that it survives a loss of power."""
    path = await asyncio.to_thread(private_files.unused_path, home / UPLOADS, ".upload")
    try:
        await asyncio.to_thread(private_files.create, path, content)
        await target.take(path, name)
    finally:
        await asyncio.to_thread(private_files.remove, [path])


async def _digest(objects: Objects, name: str) -> bytes | None:
    """None: there is no such file."""
    with suppress(FileNotFoundError):
        return await objects.get(name, lambda content: sha256(content).digest())
    return None
