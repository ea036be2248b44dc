"""`files move`: clips and speech go into a bucket, come back, and are never in two places."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from msgspec.structs import replace

from bot.base import bucket as bucket_module
from bot.base.bucket import Bucket, ObjectsSettings
from bot.base.home import CLIPS, CONDITIONALS, HOME_ID, SPEECH
from bot.base.objects import FolderObjects
from bot.base.peers import Peers
from bot.base.shards import Shards
from bot.commands.files import move_files
from bot.commands.run import _joined
from bot.services import Services, open_store
from bot.settings import Settings, SettingsError, settings_of
from data.store import Store
from tests.data.conftest import ALICE, register
from tests.postgresql import Lent, postgresql, postgresql_server
from tests.s3 import S3, s3_store

__all__ = ["postgresql", "postgresql_server"]

CLIPS_HERE = {f"{CLIPS}/{letter * 32}.flac": letter.encode() * 999 for letter in "abc"}
SPEECH_HERE = {f"{SPEECH}/dd/{'d' * 64}.ogg": b"spoken"}
FILES = {**CLIPS_HERE, **SPEECH_HERE}
ENROLLED = f"{CONDITIONALS}/{'e' * 64}.safetensors"


@pytest.fixture
async def s3() -> AsyncIterator[S3]:
    async with s3_store() as store:
        yield store


@pytest.fixture
async def in_folder(postgresql: Lent, tmp_path: Path) -> Settings:
    """A bot whose files lie in its home."""
    variables = {"TIMBRE_HOME": str(tmp_path / "home"), "TIMBRE_DATABASE": await postgresql.new()}
    settings = settings_of(variables)
    async with open_store(settings) as store:
        await register(store, ALICE, "Morning")
    here = FolderObjects(settings.home)
    for name, content in {**FILES, ENROLLED: b"computed"}.items():
        await here.put(name, content)
    return settings


@pytest.fixture
def in_bucket(in_folder: Settings, s3: S3) -> Settings:
    """The settings of the same bot with a bucket."""
    assert in_folder.database is not None
    return settings_of(
        {
            "TIMBRE_HOME": str(in_folder.home),
            "TIMBRE_DATABASE": in_folder.database.get_secret_value(),
            **s3.environment(),
        }
    )


def files_of(home: Path) -> dict[str, bytes]:
    return {
        path.relative_to(home).as_posix(): path.read_bytes()
        for folder in (CLIPS, SPEECH, CONDITIONALS)
        for path in (home / folder).rglob("*")
        if path.is_file()
    }


def objects_of(s3: S3) -> dict[str, bytes]:
    found = {name.removeprefix("timbre/"): one.content for name, one in s3.objects.items()}
    return {name: content for name, content in found.items() if name != HOME_ID}


async def begins(settings: Settings) -> bool:
    """Whether a bot begins with these settings."""
    try:
        async with open_store(settings):
            return True
    except SettingsError:
        return False


async def refused(settings: Settings, to: str) -> str:
    with pytest.raises(SettingsError) as caught:
        await move_files(settings, to)
    return str(caught.value)


async def test_there_and_back(
    in_folder: Settings, in_bucket: Settings, s3: S3, capsys: pytest.CaptureFixture[str]
) -> None:
    home = in_folder.home
    with pytest.raises(SettingsError, match="`timbre files move bucket` moves them"):
        async with open_store(in_bucket):
            pass
    async with open_store(in_folder) as store:
        shards = Peers(store, home, Shards.parse("0/1"))
        await shards.join()
        assert "Stop the bot" in await refused(in_bucket, "bucket")
        await shards.leave()
    assert await move_files(in_bucket, "bucket") == 0
    assert "4 files are in s3://voices/timbre now" in capsys.readouterr().out
    assert objects_of(s3) == FILES
    assert files_of(home) == {}
    assert (await begins(in_bucket), await begins(in_folder)) == (True, False)
    await move_files(in_bucket, "bucket")
    assert "already" in capsys.readouterr().out

    assert await move_files(in_bucket, "folder") == 0
    assert "Remove TIMBRE_OBJECTS" in capsys.readouterr().out
    assert (files_of(home), s3.objects) == (FILES, {})
    assert (await begins(in_bucket), await begins(in_folder)) == (False, True)


async def test_what_must_not_be_moved_stays(
    in_folder: Settings, in_bucket: Settings, s3: S3, tmp_path: Path
) -> None:
    """And the bot goes on with it."""
    assert "name the bucket" in await refused(in_folder, "bucket")
    s3.versioned = True
    assert "versioning" in await refused(in_bucket, "bucket")
    s3.versioned, s3.public = False, True
    assert "Everybody can read" in await refused(in_bucket, "bucket")
    s3.public, s3.away = False, True
    assert "run the command again" in await refused(in_bucket, "bucket")
    s3.away = False
    await s3.bucket(tmp_path).put(HOME_ID, b"another")
    assert "does not belong to the PostgreSQL" in await refused(in_bucket, "bucket")
    assert objects_of(s3) == {}
    assert files_of(in_folder.home).items() >= FILES.items()
    assert await begins(in_folder)


class Killed(BaseException):
    """What no part of the command catches."""


@pytest.mark.parametrize("at", [2, 4, 7, 9])
@pytest.mark.parametrize(
    "way", [("bucket", "bucket"), ("bucket", "folder"), ("folder", "folder"), ("folder", "bucket")]
)
async def test_a_move_that_was_interrupted_is_finished_or_taken_back(
    in_bucket: Settings, s3: S3, way: tuple[str, str], at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before this write or removal. Nothing begins with a half, and nothing is lost."""
    to, then = way
    in_folder = replace(in_bucket, objects=ObjectsSettings())
    if to == "folder":
        await move_files(in_bucket, "bucket")
    left = at

    def killing(done: object) -> object:
        async def counted(*given: object) -> None:
            nonlocal left
            left -= 1
            if left <= 0:
                raise Killed
            await done(*given)  # type: ignore[operator]

        return counted

    monkeypatch.setattr("bot.commands.files._AT_ONCE", 1)
    with monkeypatch.context() as patch:
        for place in (Bucket, FolderObjects):
            for what in ("take", "delete"):
                patch.setattr(place, what, killing(getattr(place, what)))
        with pytest.raises(Killed):
            await move_files(in_bucket, to)
    assert {**files_of(in_folder.home), **objects_of(s3)}.items() >= FILES.items()
    assert not await begins(in_bucket)
    assert not await begins(in_folder)
    await move_files(in_bucket, then)
    if then == "bucket":
        assert (files_of(in_folder.home), objects_of(s3)) == ({}, FILES)
        assert await begins(in_bucket)
    else:
        assert (files_of(in_folder.home).items() >= FILES.items(), s3.objects) == (True, {})
        assert await begins(in_folder)


async def joins(settings: Settings, store: Store) -> None:
    """Be one of several processes, with a store that was opened before."""
    peers = Peers(store, settings.home, Shards.parse("0/1"))
    services = SimpleNamespace(settings=settings, store=store, peers=peers, notices=None)
    async with _joined(cast("Services", services), asyncio.Event(), taking_over=False):
        pass
    await peers.leave()


async def test_who_opened_the_database_before_a_move_does_not_begin_behind_it(
    in_folder: Settings, in_bucket: Settings
) -> None:
    """A process that loads its engine first is not seen until it is ready."""
    async with open_store(in_folder) as store:
        await joins(in_folder, store)
        await move_files(in_bucket, "bucket")
        with pytest.raises(SettingsError, match="name it in TIMBRE_OBJECTS"):
            await joins(in_folder, store)
    async with open_store(in_bucket) as store:
        await store.processes.remove(*await store.processes.all())
        await move_files(in_bucket, "folder")
        with pytest.raises(SettingsError, match="members' clips"):
            await joins(in_bucket, store)


async def test_a_file_that_comes_back_otherwise_is_not_removed(
    in_folder: Settings, in_bucket: Settings, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Bucket.put

    async def mangled(bucket: Bucket, name: str, content: bytes) -> None:
        await put(bucket, name, content if name == HOME_ID else content[:-1])

    with monkeypatch.context() as patch:
        patch.setattr(bucket_module.Bucket, "put", mangled)
        assert "is not the same where it was moved to" in await refused(in_bucket, "bucket")
    assert files_of(in_folder.home).items() >= FILES.items()
    await asyncio.to_thread((in_folder.home / next(iter(CLIPS_HERE))).unlink)  # deleted meanwhile
    await move_files(in_bucket, "bucket")
    assert objects_of(s3) == dict(list(FILES.items())[1:])
