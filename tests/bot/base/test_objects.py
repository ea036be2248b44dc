"""Clips and renderings in a folder and in a bucket: one behaviour."""

import asyncio
import math
import subprocess
import sys
import time
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

if sys.platform != "win32":
    import resource

from bot.base import bucket as bucket_module
from bot.base import private_files
from bot.base.bucket import ObjectsUnusable
from bot.base.errors import CLIPS_AWAY, sentence_for
from bot.base.home import CLIPS, HOME_ID, SPEECH
from bot.base.objects import FolderObjects, Objects, ObjectsFailed
from tests.s3 import S3, s3_store

CLIP, OTHER = (f"{CLIPS}/{letter * 32}.flac" for letter in "ab")
#: A command that gives up what it has asked of a bucket that does not answer.
GIVING_UP = """
import asyncio, sys
from pathlib import Path
from pydantic import SecretStr
import bot.__main__, bot.commands.command_line
from bot.base.bucket import ObjectsSettings, bucket_of

async def give_up():
    key, place = SecretStr("secret"), ("s3://voices", "http://127.0.0.1:1", "here")
    named = dict(zip(("place", "endpoint", "region"), place))
    bucket = bucket_of(ObjectsSettings(**named, key_id="key", key=key), Path())
    asking = [asyncio.create_task(bucket.get("id", len)) for _ in range(8)]
    await asyncio.sleep(0.1)

def main(_):
    asyncio.run(give_up())
    return 7

bot.commands.command_line.main = main
sys.exit(bot.__main__.main())
"""
RENDERING = f"{SPEECH}/cc/{'c' * 64}.ogg"


@pytest.fixture
async def s3() -> AsyncIterator[S3]:
    async with s3_store() as store:
        yield store


@pytest.fixture(params=["folder", "bucket"])
async def objects(request: pytest.FixtureRequest, tmp_path: Path, s3: S3) -> AsyncIterator[Objects]:
    """An empty place, as a database belongs to it."""
    if request.param == "folder":
        yield FolderObjects(tmp_path)
        return
    bucket = s3.bucket(tmp_path)
    await bucket.put(HOME_ID, b"an id")
    yield bucket
    assert list(tmp_path.rglob("*.ogg")) == []  # nothing of it is here


async def test_what_was_put_is_there_until_it_is_deleted(objects: Objects) -> None:
    await objects.put(RENDERING, b"first")
    await objects.put(RENDERING, b"second")
    assert await objects.get(RENDERING, bytes) == b"second"
    assert await objects.get(RENDERING, len) == 6
    await objects.delete([RENDERING, CLIP])  # one is not there
    with pytest.raises(FileNotFoundError):
        await objects.get(RENDERING, bytes)
    many = [f"{CLIPS}/{number:032x}.flac" for number in range(40)]
    for name in many:
        await objects.put(name, b"sound")
    await objects.delete(many)
    assert await objects.names(CLIPS) == []


async def test_what_cannot_be_made_of_it_is_told_as_it_is(objects: Objects) -> None:
    await objects.put(RENDERING, b"\xff")
    with pytest.raises(UnicodeDecodeError):
        await objects.get(RENDERING, bytes.decode)


async def test_a_file_is_taken_whole_and_is_gone_here(objects: Objects, tmp_path: Path) -> None:
    content = bytes(range(256)) * 30_000  # more than goes in one part
    draft = tmp_path / "draft"
    await asyncio.to_thread(draft.write_bytes, content)
    await objects.take(draft, CLIP)
    assert not draft.exists()
    assert await objects.get(CLIP, bytes) == content
    async with objects.file(CLIP) as path:
        assert await asyncio.to_thread(path.read_bytes) == content
    with pytest.raises(FileNotFoundError):
        await objects.take(draft, OTHER)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_of_what_does_not_fit_on_the_disk_nothing_is_left(tmp_path: Path) -> None:
    """A part of a clip would be known by nobody when its voice is forgotten."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            private_files.create(tmp_path / "clip", b"a clip")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


async def test_names_are_timbres_and_of_one_folder(objects: Objects) -> None:
    clips = [f"{CLIPS}/{number:032x}.flac" for number in range(10)]
    for name in (*clips, RENDERING, f"{CLIPS}/holiday.flac"):
        await objects.put(name, b"sound")
    assert sorted(await objects.names(CLIPS)) == clips
    assert await objects.names(SPEECH) == [RENDERING]
    assert await objects.names(SPEECH, time.time() - 60) == []
    assert await objects.names(SPEECH, time.time() + 60) == [RENDERING]


async def test_what_is_missing_is_known_for_certain(objects: Objects) -> None:
    for name in (CLIP, RENDERING):
        await objects.put(name, b"sound")
    assert await objects.missing([CLIP, OTHER, RENDERING]) == {OTHER}
    assert await objects.missing([CLIP]) == set()
    assert await objects.missing([]) == set()


async def test_nothing_is_missing_from_a_bucket_that_is_not_the_one(s3: S3, tmp_path: Path) -> None:
    """Or every voice would be deleted: its clip is in none of these."""
    bucket = s3.bucket(tmp_path)
    with pytest.raises(FileNotFoundError):
        await bucket.missing([CLIP])
    await bucket.put(HOME_ID, b"an id")
    s3.bucket_is_there = False
    with pytest.raises(ObjectsFailed, match="no such bucket"):
        await bucket.missing([CLIP])
    for asking in (bucket.get(CLIP, bytes), bucket.put(CLIP, b"sound"), bucket.names(CLIPS)):
        with pytest.raises(ObjectsFailed):
            await asking


async def test_a_bucket_that_is_away_is_one_failure_and_one_sentence(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = s3.bucket(tmp_path)
    draft = tmp_path / "draft"
    draft.touch()
    s3.away = True
    for asking in (
        bucket.get(CLIP, bytes),
        bucket.put(CLIP, b"sound"),
        bucket.take(draft, CLIP),
        bucket.delete([CLIP]),
        bucket.missing([CLIP]),
        bucket.names(CLIPS),
    ):
        with pytest.raises(ObjectsFailed, match="s3://voices/timbre: ") as caught:
            await asking
        assert sentence_for(caught.value) is CLIPS_AWAY
    assert draft.exists()
    s3.away = False
    await bucket.put(CLIP, b"sound" * 1000)
    s3.breaks_off = True
    with pytest.raises(ObjectsFailed):
        await bucket.get(CLIP, bytes)
    s3.breaks_off, s3.mute = False, True
    monkeypatch.setattr(bucket_module, "_READ_S", 0.2)
    with pytest.raises(ObjectsFailed):
        await bucket.get(CLIP, bytes)


async def test_what_is_too_large_is_not_taken_into_memory(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_module, "_OBJECT_MAX_BYTES", 5)
    bucket = s3.bucket(tmp_path)
    await bucket.put(CLIP, b"sound")
    await bucket.put(OTHER, b"sound!")
    assert await bucket.get(CLIP, bytes) == b"sound"
    with pytest.raises(ObjectsFailed, match=f"s3://voices/timbre: {OTHER} is larger than"):
        await bucket.get(OTHER, bytes)


async def test_a_wrong_key_gets_nothing(s3: S3, tmp_path: Path) -> None:
    wrong = s3.bucket(tmp_path, key="another")
    with pytest.raises(ObjectsFailed) as caught:
        await wrong.put(CLIP, b"sound")
    assert "another" not in str(caught.value)
    assert not s3.objects


async def test_of_what_a_store_says_to_a_failure_the_log_has_one_line(
    s3: S3, tmp_path: Path
) -> None:
    """And nothing in it that a terminal would obey."""
    s3.adds_to_errors = "\x1b[2J\nand all that it knows"
    for bucket, kind in (
        (s3.bucket(tmp_path), FileNotFoundError),
        (s3.bucket(tmp_path, key="x"), ObjectsFailed),
    ):
        with pytest.raises(kind, match="s3://voices/timbre: ") as caught:
            await bucket.get(CLIP, bytes)
        logged = "".join(traceback.format_exception(caught.value))
        assert "\x1b" not in logged
        assert "all that it knows" not in logged


async def test_a_bucket_that_keeps_versions_is_refused(s3: S3, tmp_path: Path) -> None:
    bucket = s3.bucket(tmp_path)
    await bucket.put(HOME_ID, b"an id")
    await bucket.require_private()
    s3.versioned = True
    with pytest.raises(ObjectsUnusable, match="versioning"):
        await bucket.require_private()
    with pytest.raises(ObjectsFailed, match="versioning"):
        await bucket.put(CLIP, b"sound")
    assert s3.names(CLIPS) == set()
    s3.versioned = False
    await bucket.require_private()  # it still knows whose it is


async def test_a_bucket_that_everybody_can_read_is_refused(s3: S3, tmp_path: Path) -> None:
    bucket = s3.bucket(tmp_path)
    await bucket.put(HOME_ID, b"an id")
    s3.public = True
    with pytest.raises(ObjectsUnusable, match="Everybody can read"):
        await bucket.require_private()


async def test_prefixes_of_one_bucket_have_nothing_in_common(s3: S3, tmp_path: Path) -> None:
    one, other = s3.bucket(tmp_path, prefix="one"), s3.bucket(tmp_path, prefix="one-more")
    await one.put(CLIP, b"sound")
    assert await other.names(CLIPS, math.inf) == []
    with pytest.raises(FileNotFoundError):
        await other.get(CLIP, bytes)


def test_a_command_ends_well_whose_bucket_has_not_answered() -> None:
    """A thread of obstore's that comes too late has found no interpreter, and said so at length."""
    for _ in range(3):
        ended = subprocess.run(
            [sys.executable, "-c", GIVING_UP], capture_output=True, timeout=120, check=False
        )
        assert (ended.returncode, ended.stderr) == (7, b"")
