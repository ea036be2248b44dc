"""Moving what is stored between SQLite and PostgreSQL: every row, once, or none."""

from pathlib import Path

import pytest

from data.errors import DatabaseUnusable
from data.live import Exclusion
from data.rows import DisabledClip
from data.store import Store
from tests.data.conftest import ALICE, BOB, HERE, enrol, register, render
from tests.postgresql import Lent
from tests.store import Clock


async def fill(store: Store) -> int:
    """Put something of each kind of value into a store; the id of a voice that is gone again."""
    voice = await register(store, ALICE, "Ärger, 'quoted' ?", likeness=0.1 + 0.2)
    gone = await register(store, BOB, "gone")
    await store.voices.delete(gone.voice_id, gone.clip_path)
    await store.guild_settings.update(HERE, lambda now: now)
    await store.exclusions.add(BOB, HERE, Exclusion.BLOCKED)
    await store.choices.choose(ALICE, HERE, voice.voice_id)
    await store.reports.add(guild_id=HERE, about_id=ALICE, voice_id=None, by_id=BOB, reason="odd")
    await store.moderation.disable_clip("d" * 64, None)
    await store.moderation.describe_clip("d" * 64, None, bytes(range(256)) * 4)
    await enrol(store, "k", "c")
    for key in ("one", "two"):
        await render(store, key, 10)
    return gone.voice_id


async def test_every_row_comes_back_as_it_was(
    postgresql: Lent, tmp_path: Path, clock: Clock
) -> None:
    """The codes of people too, and no number of a voice is given a second time."""
    there, back = await postgresql.new(), tmp_path / "back.db"
    first = await Store.open(tmp_path / "first.db", clock)
    gone = await fill(first)
    code, about = first.pseudonym(ALICE), await first.personal.rows_about(ALICE)
    count = await first.copy_to(there, home="a folder")
    assert await first.copy_to(there, home="a folder") == count
    await first.close()

    second = await Store.open(there, clock)
    assert await second.homes.of_folder() == "a folder"
    assert second.pseudonym(ALICE) == code
    assert await second.personal.rows_about(ALICE) == about
    assert await second.speech.total_bytes() == 20
    [clip] = await second.moderation.disabled_clips(None)
    assert isinstance(clip, DisabledClip)
    assert clip.voiceprint == bytes(range(256)) * 4
    assert await second.copy_to(back) == count
    newer = await register(second, BOB, "newer")
    assert newer.voice_id > gone
    with pytest.raises(DatabaseUnusable, match="rows of its own"):
        await second.copy_to(back)
    await second.clear()
    assert await second.voices.all() == []
    assert await second.homes.of_folder() is None
    await second.close()

    third = await Store.open(back, clock)
    assert await third.personal.rows_about(ALICE) == about
    assert (await register(third, BOB, "newer")).voice_id > gone
    await third.close()


async def test_rows_go_neither_to_those_of_others_nor_by_halves(
    postgresql: Lent, tmp_path: Path, clock: Clock
) -> None:
    there = await postgresql.new()
    source = await Store.open(tmp_path / "timbre.db", clock)
    await fill(source)
    await register(source, BOB, "PostgreSQL takes no \0", clip_path="clips/other.flac")
    with pytest.raises(DatabaseUnusable, match="does not take the rows of voices"):
        await source.copy_to(there)
    target = await Store.open(there, clock)
    assert not (await target.personal.rows_about(ALICE))["users"]
    await target.homes.belongs("another folder")
    with pytest.raises(DatabaseUnusable, match="another TIMBRE_HOME"):
        await source.copy_to(there, home="a folder")
    await target.close()
    await source.close()
