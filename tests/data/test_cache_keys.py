"""The caches' keys: what is kept, what it weighs, and what goes first."""

from typing import Any

from data.cache_keys import TOUCH_INTERVAL_S
from data.store import Store
from tests.data.conftest import enrol, render


async def use(store: Store, key: str) -> None:
    await store.speech.touch(await store.speech.get(key))


async def test_conditionals_need_no_voice_and_go_by_key_or_by_clip(store: Store) -> None:
    await enrol(store, "one", "a")
    await enrol(store, "two", "a")
    await enrol(store, "three", "b")
    assert [row.key for row in await store.conditionals.of_clip("a" * 64)] == ["one", "two"]
    assert await store.conditionals.delete(["one", "unknown"]) == 1
    assert {row.key for row in await store.conditionals.all()} == {"two", "three"}
    assert await store.conditionals.delete_clip("a" * 64) == 1
    assert [row.key for row in await store.conditionals.all()] == ["three"]


async def test_conditionals_made_again_replace_the_old_ones(store: Store, clock: Any) -> None:
    first = clock.now
    await enrol(store, "one", "a", size_bytes=10)
    clock.now += 5
    await enrol(store, "one", "a", size_bytes=20)
    (row,) = await store.conditionals.all()
    assert (row.size_bytes, row.created_at, row.last_used_at) == (20, first, first + 5)
    assert row.path == "conditionals/one.safetensors"
    assert (row.model_revision, row.engine_version) == ("r1", "e1")


async def test_a_use_is_written_at_most_once_a_minute(store: Store, clock: Any) -> None:
    await enrol(store, "one", "a")
    await enrol(store, "other", "b")
    await render(store, "hit", 100)
    recorded, used = clock.now, []
    for later in (1, TOUCH_INTERVAL_S - 1, TOUCH_INTERVAL_S, TOUCH_INTERVAL_S + 1):
        clock.now = recorded + later
        await store.conditionals.touch("a" * 64)
        await use(store, "hit")
        rows = [*await store.conditionals.all(), *await store.speech.all()]
        used.append({row.key: row.last_used_at - recorded for row in rows})
    unused = {"one": 0, "other": 0, "hit": 0}
    touched = {"one": TOUCH_INTERVAL_S, "other": 0, "hit": TOUCH_INTERVAL_S}
    assert used == [unused, unused, touched, touched]


async def test_the_longest_unused_go_until_the_rest_fits(store: Store, clock: Any) -> None:
    for key, size in (("old", 30), ("middle", 50), ("new", 20)):
        await render(store, key, size)
        clock.now += TOUCH_INTERVAL_S
    assert await store.speech.total_bytes() == 100

    async def evicted(limit: int) -> list[str]:
        return [row.key for row in await store.speech.beyond(limit)]

    assert await evicted(100) == []
    assert await evicted(99) == ["old"]
    assert await evicted(73) == ["old"]
    assert await evicted(72) == ["old", "middle"]  # a twentieth less, and two are too much
    assert await evicted(0) == ["old", "middle", "new"]
    await use(store, "old")
    assert await evicted(99) == ["middle"]


async def test_renderings_of_the_same_moment_are_evicted_one_by_one(store: Store) -> None:
    for key in "abcd":
        await render(store, key, 10)
    assert len(await store.speech.beyond(40)) == 0
    assert len(await store.speech.beyond(39)) == 1
    assert len(await store.speech.beyond(15)) == 3


async def test_what_is_written_after_the_clock_went_back_is_not_the_first_to_go(
    store: Store, clock: Any
) -> None:
    for key in ("c", "b"):
        await render(store, key, 10)
        clock.now += TOUCH_INTERVAL_S
    clock.now -= 3600
    await render(store, "a", 10)
    await render(store, "d", 10)
    assert [row.key for row in await store.speech.beyond(22)] == ["c", "b"]
    assert [row.key for row in await store.speech.beyond(11)] == ["c", "b", "a"]


async def test_renderings_are_listed_by_voice_and_deleted_by_key(store: Store) -> None:
    await render(store, "one", 10, voice="clip:" + "a" * 64)
    await render(store, "two", 20)
    assert [row.key for row in await store.speech.made_with("clip:" + "a" * 64)] == ["one"]
    assert await store.speech.delete(["one", "unknown"]) == 1
    assert [row.key for row in await store.speech.all()] == ["two"]
    assert await store.speech.total_bytes() == 20
    assert await store.speech.delete([]) == 0
    assert await store.speech.delete(["two"]) == 1
    assert await store.speech.total_bytes() == 0


async def test_a_rendering_made_again_weighs_once(store: Store) -> None:
    await render(store, "one", 10)
    await render(store, "one", 25)
    (row,) = await store.speech.all()
    assert (row.path, row.size_bytes, row.duration_s) == ("speech/one.ogg", 25, 1.5)
    assert await store.speech.total_bytes() == 25
