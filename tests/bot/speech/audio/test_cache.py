"""The cache of rendered speech: what goes in comes out, bounded, and crash-proof.

Longer than most files: a file, its row and what is in memory of it go together.
"""

import asyncio
import os
import sqlite3
from collections.abc import Coroutine
from contextlib import closing
from pathlib import Path

import pytest

from bot.base.objects import FolderObjects, ObjectsFailed
from bot.speech.audio import cache as cache_module
from bot.speech.audio.cache import SpeechCache
from bot.speech.audio.codec import Codec
from data.cache_keys import SpeechStore
from data.rows import OwnName, SpeechKey, SpeechOrigin
from data.store import Store
from engine.speech import ClonedVoice, Speech, StockVoice, sha256_of
from tests.bot.speech.audio.test_loudness import RATE, tone
from tests.data.conftest import enrol
from tests.s3 import s3_store
from tests.store import Clock
from tests.waiting import until

VOICE = StockVoice("anna")


@pytest.fixture
def clock() -> Clock:
    return Clock(step_s=100)


def cache_of(home: Path, store: Store, max_bytes: int = 10_000_000) -> SpeechCache:
    return SpeechCache(FolderObjects(home), store, Codec(-18, -1.5, 64), max_bytes=max_bytes)


def file_of(home: Path, key: str) -> Path:
    (path,) = home.rglob(f"{key}.ogg")
    return path


def speech(seconds: float = 0.5) -> Speech:
    return Speech(pcm=tone(seconds, 0.3), sample_rate=RATE)


async def test_what_was_put_is_got_back_packet_by_packet(tmp_path: Path, store: Store) -> None:
    cache = cache_of(tmp_path, store)
    key = sha256_of("one")
    assert await cache.get(key) is None
    put = await cache.put(key, speech(), VOICE)
    assert put
    assert await cache.get(key) == put
    assert [row.voice_identity for row in await cache.rows()] == ["stock:anna"]


async def test_the_least_recently_used_goes_when_it_is_too_much(
    tmp_path: Path, store: Store
) -> None:
    await cache_of(tmp_path, store).put(sha256_of(0), speech(), VOICE)
    size = file_of(tmp_path, sha256_of(0)).stat().st_size
    cache = cache_of(tmp_path, store, max_bytes=int(size * 2.5))
    await cache.put(sha256_of(1), speech(), VOICE)
    assert await cache.get(sha256_of(0)) is not None  # used again: 1 is now the oldest
    await cache.put(sha256_of(2), speech(), VOICE)
    assert {row.key for row in await cache.rows()} == {sha256_of(0), sha256_of(2)}
    assert len(list(tmp_path.rglob("*.ogg"))) == 2


async def test_what_is_said_again_soon_is_read_once(tmp_path: Path, store: Store) -> None:
    cache = cache_of(tmp_path, store)
    key = sha256_of("one")
    put = await cache.put(key, speech(), VOICE)
    assert await cache.get(key) == put
    file_of(tmp_path, key).unlink()
    assert await cache.get(key) == put
    cache.let_go()
    assert await cache.get(key) is None


@pytest.mark.parametrize("how", ["forgotten", "name forgotten", "cleared", "verified", "made anew"])
async def test_nothing_outlives_its_row_in_memory(tmp_path: Path, store: Store, how: str) -> None:
    cache = cache_of(tmp_path, store)
    key, origin = sha256_of("one"), SpeechOrigin(user_id=5, guild_id=7, message_id=None)
    await cache.put(key, speech(), VOICE, origin=origin)
    assert await cache.get(key, origin)
    made = None
    match how:
        case "forgotten":
            await cache.forget(user_id=5)
        case "name forgotten":
            await cache.forget_names(user_id=5)
        case "cleared":
            await cache.clear()
        case "verified":
            file_of(tmp_path, key).unlink()
            await cache.verify()
        case "made anew":
            made = await cache.put(key, speech(0.7), VOICE)
    assert bool(cache._recent._kept) is (how == "made anew")
    if how != "name forgotten":  # none is said in it
        assert await cache.get(key) == made
    assert await cache.get(key) is None or how in ("made anew", "name forgotten")


async def test_who_listens_does_not_wait_for_the_note_but_for_that_of_a_name(
    tmp_path: Path, store: Store
) -> None:
    cache = cache_of(tmp_path, store)
    key, put_off = sha256_of("one"), list[Coroutine[None, None, None]]()
    await cache.put(key, speech(), VOICE, origin=SpeechOrigin(user_id=1, guild_id=7))
    later = SpeechOrigin(user_id=5, guild_id=7)
    assert await cache.get(key, later, later=put_off.append)
    assert (await store.speech.get_for(key, later))[1] is False
    (noting,) = put_off
    await noting
    assert (await store.speech.get_for(key, later))[1] is True
    assert await cache.get(key, later, later=put_off.append)
    assert len(put_off) == 1
    name = OwnName(user_id=5, words="Ali")
    await cache.get(key, later, own_names=[name], later=put_off.append)
    assert len(put_off) == 1


async def test_what_is_read_while_it_is_forgotten_is_not_held(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = cache_of(tmp_path, store)
    key = sha256_of("one")
    put = await cache.put(key, speech(), VOICE)
    read = cache._read

    async def reading(row: SpeechKey) -> tuple[bytes, ...]:
        packets = await read(row)
        cache.let_go()
        return packets

    monkeypatch.setattr(cache, "_read", reading)
    assert await cache.get(key) == put
    assert not cache._recent._kept


@pytest.mark.parametrize("damage", ["missing", "truncated", "empty"])
async def test_a_damaged_rendering_counts_as_none_and_is_made_again(
    tmp_path: Path, store: Store, damage: str
) -> None:
    cache = cache_of(tmp_path, store)
    key = sha256_of("one")
    await cache.put(key, speech(), VOICE)
    path = file_of(tmp_path, key)
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(b"" if damage == "empty" else path.read_bytes()[:-40])
    assert await cache.get(key) is None
    assert await cache.rows() == []
    await cache.put(key, speech(), VOICE)
    assert await cache.get(key) is not None


async def test_verify_forgets_damaged_renderings_and_removes_unknown_files(
    tmp_path: Path, store: Store
) -> None:
    cache = cache_of(tmp_path, store)
    for name in ("sound", "truncated"):
        await cache.put(sha256_of(name), speech(), VOICE)
    truncated = next(tmp_path.rglob(f"{sha256_of('truncated')}.ogg"))
    truncated.write_bytes(truncated.read_bytes()[:-20])
    leftover = tmp_path / "speech" / "ab" / f"{sha256_of('leftover')}.01234567.part"
    leftover.parent.mkdir(exist_ok=True)
    leftover.write_bytes(b"half")
    fresh = leftover.with_name(f"{sha256_of('fresh')}.01234567.part")
    fresh.write_bytes(b"being written by a running bot")
    os.utime(leftover, (0, 0))
    report = await cache.verify()
    assert (report.sound, report.unreadable, report.unknown) == (1, 1, 1)
    left = {path.stem for path in tmp_path.rglob("speech/*/*")}
    assert left == {sha256_of("sound"), fresh.stem}


async def test_speech_that_cannot_be_kept_is_given_back_all_the_same(
    tmp_path: Path, store: Store
) -> None:
    (tmp_path / "speech").write_text("a file where the folder should be")
    cache = cache_of(tmp_path, store)
    assert await cache.put(sha256_of("one"), speech(), VOICE)
    assert await cache.rows() == []


async def test_a_locked_database_takes_no_kept_speech_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor one on a full disk: what fails is to note the use."""
    monkeypatch.setattr("data.database.BUSY_TIMEOUT_S", 0.05)
    store = await Store.open(tmp_path / "timbre.db", Clock())
    cache = cache_of(tmp_path, store)
    put = await cache.put(sha256_of("one"), speech(), VOICE)
    await cache.put(sha256_of("lost"), speech(), VOICE)
    with closing(sqlite3.connect(tmp_path / "timbre.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert await cache.get(sha256_of("one")) == put
        assert await cache.get(sha256_of("two")) is None
        file_of(tmp_path, sha256_of("lost")).unlink()
        assert await cache.get(sha256_of("lost")) is None
    await store.close()


async def test_what_cannot_be_looked_up_is_made_anew(tmp_path: Path, store: Store) -> None:
    cache = cache_of(tmp_path, store)
    await cache.put(sha256_of("one"), speech(), VOICE)
    with closing(sqlite3.connect(tmp_path / "timbre.db")) as other:
        other.execute("DROP TABLE speech_cache")
    assert await cache.get(sha256_of("one")) is None
    assert await cache.put(sha256_of("one"), speech(), VOICE)


async def test_clear_leaves_neither_rows_nor_files(tmp_path: Path, store: Store) -> None:
    cache = cache_of(tmp_path, store)
    for name in range(3):
        await cache.put(sha256_of(name), speech(), VOICE)
    assert await cache.clear() == 3
    assert await cache.rows() == []
    assert list(tmp_path.rglob("*.ogg")) == []


class SlowKeys(SpeechStore):
    """A database whose first answer takes until it is let go."""

    def __init__(self, keys: SpeechStore) -> None:
        super().__init__(keys._database, keys._clock)
        self.asked, self.answered = asyncio.Event(), asyncio.Event()

    async def get(self, key: str) -> SpeechKey | None:
        found = await super().get(key)
        if not self.asked.is_set():
            self.asked.set()
            await self.answered.wait()
        return found


async def test_who_finds_a_rendering_damaged_late_keeps_what_another_made_meanwhile(
    tmp_path: Path, store: Store
) -> None:
    cache = cache_of(tmp_path, store)
    key = sha256_of("one")
    await cache.put(key, speech(), VOICE)
    file_of(tmp_path, key).write_bytes(b"damaged")
    slow = store.speech = SlowKeys(store.speech)
    late = asyncio.create_task(cache.get(key))
    await slow.asked.wait()
    assert await cache.get(key) is None
    made = await cache.put(key, speech(0.7), VOICE)
    slow.answered.set()
    assert await late == made
    assert await cache.get(key) == made


async def test_speaking_in_a_cloned_voice_counts_as_a_use_of_its_enrolment(
    tmp_path: Path, store: Store
) -> None:
    await enrol(store, "k", "c")
    (before,) = await store.conditionals.all()
    cache = cache_of(tmp_path, store)
    await cache.put(sha256_of(1), speech(), VOICE)
    assert await store.conditionals.all() == [before]
    await cache.put(sha256_of(2), speech(), ClonedVoice(clip_sha256="c" * 64, clip_path=""))
    (after,) = await store.conditionals.all()
    assert after.last_used_at > before.last_used_at
    assert after.created_at == before.created_at


async def test_what_is_on_its_way_to_a_bucket_is_known_and_goes_with_its_voice(
    tmp_path: Path, store: Store
) -> None:
    """A process may be given up while it sends: another one deletes what is known, or looks."""
    key = sha256_of("one")
    async with s3_store() as s3:
        bucket = s3.bucket(tmp_path)
        cache, others = (
            SpeechCache(bucket, store, Codec(-18, -1.5, 64), max_bytes=10_000_000) for _ in range(2)
        )
        s3.mute = True
        sending = asyncio.create_task(cache.put(key, speech(), VOICE))
        await until(lambda: "PUT" in s3.requests, 30)
        s3.mute = False
        assert await others.get(key) is None
        assert len(await cache.rows()) == 1  # it comes yet
        await store.speech.delete([key])  # as with its voice
        s3.goes_on.set()
        assert await sending
        assert s3.names() == set()
        assert await cache.put(key, speech(), VOICE) == await others.get(key)
        assert s3.names() == {row.path for row in await cache.rows()}
        await others.forget_names(user_id=1)
        assert await others.clear() == 1
        assert s3.names() == set()


async def test_what_goes_while_the_bucket_is_away_stays_known(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "_NOT_ASKED_S", 1000.0)  # whatever else this machine does
    key = sha256_of("one")
    async with s3_store() as s3:
        cache = SpeechCache(s3.bucket(tmp_path), store, Codec(-18, -1.5, 64), max_bytes=10_000_000)
        put = await cache.put(key, speech(), VOICE)
        s3.away = True
        assert await cache.get(key) is None
        with pytest.raises(ObjectsFailed):
            await cache.clear()
        with pytest.raises(ObjectsFailed):
            await cache.verify()
        assert len(await cache.rows()) == 1
        assert await cache.put(sha256_of("two"), speech(), VOICE)
        s3.away = False
        assert await cache.get(key) is None  # it is not asked again at once
        assert (await cache.verify()).unreadable == 1  # what could not be sent
        later = SpeechCache(s3.bucket(tmp_path), store, Codec(-18, -1.5, 64), max_bytes=10_000_000)
        assert await later.get(key) == put
