"""Sharing, choosing, moderating, and servers that were left."""

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from data.live import Exclusion
from data.rows import NewVoice
from data.schema import MIGRATIONS, Migration, load_migrations, prepare
from data.store import Store
from tests.data.conftest import ALICE, BOB, CAROL, ELSEWHERE, HERE, register, render


async def voice_of(store: Store, owner_id: int, name: str = "one", **other: Any) -> int:
    return (await register(store, owner_id, name, **other)).voice_id


async def test_taking_a_share_back_takes_what_others_made_of_it(store: Store) -> None:
    voice = await voice_of(store, ALICE)
    for guild in (HERE, ELSEWHERE):
        await store.shares.share(voice, guild)
        for user in (ALICE, BOB):
            await store.choices.choose(user, guild, voice)
        await store.guild_settings.update(guild, lambda now: replace(now, default_voice_id=voice))
    assert await store.shares.unshare(voice, HERE)
    assert not await store.shares.unshare(voice, HERE)
    assert [v.voice_id for v in await store.shares.of_guild(HERE)] == []
    assert [v.voice_id for v in await store.shares.of_guild(ELSEWHERE)] == [voice]
    assert await store.choices.get(BOB, HERE) is None
    assert await store.choices.get(ALICE, HERE) == voice
    assert await store.choices.get(BOB, ELSEWHERE) == voice
    assert (await store.guild_settings.get(HERE)).default_voice_id is None
    assert (await store.guild_settings.get(ELSEWHERE)).default_voice_id == voice


def reports_of(store: Store, guild_id: int) -> Any:
    return store.reports.of_guild(guild_id, handled=False)


async def test_a_second_report_of_a_person_replaces_their_first_open_one(
    store: Store, clock: Any
) -> None:
    add = partial(store.reports.add, guild_id=HERE, about_id=ALICE, voice_id=None)
    await add(by_id=BOB, reason="loud")
    clock.now += 5
    await add(by_id=CAROL, reason="not hers")
    clock.now += 5
    await add(by_id=BOB, reason="very loud")
    found = await reports_of(store, HERE)
    assert [(r.by_id, r.reason) for r in found] == [(BOB, "very loud"), (CAROL, "not hers")]
    assert await reports_of(store, ELSEWHERE) == []
    assert not await store.reports.handle(found[0].report_id, ELSEWHERE, handled=True)
    assert await store.reports.handle(found[0].report_id, HERE, handled=True)
    await add(by_id=BOB, reason="loud again")
    assert [r.reason for r in await reports_of(store, HERE)] == ["loud again", "not hers"]
    [handled] = await store.reports.of_guild(HERE, handled=True)
    assert handled.reason == "very loud"
    clock.now += 99
    assert await store.reports.forget_handled(100) == 0
    clock.now += 1
    assert await store.reports.forget_handled(100) == 1


async def test_what_moderators_decided_outlives_a_person_under_a_code(
    store: Store, tmp_path: Path
) -> None:
    """In one's own words and name nothing stays but open reports; the database knows one again."""
    add = partial(store.reports.add, guild_id=HERE, voice_id=None)
    await store.exclusions.add(ALICE, HERE, Exclusion.BLOCKED)
    await store.exclusions.add(ALICE, HERE, Exclusion.OPTED_OUT)
    await add(about_id=ALICE, by_id=BOB, reason="open")
    await add(about_id=ALICE, by_id=CAROL, reason="handled")
    await add(about_id=BOB, by_id=ALICE, reason="by her")
    [handled] = [r for r in await reports_of(store, HERE) if r.reason == "handled"]
    await store.reports.handle(handled.report_id, HERE, handled=True)
    for _ in range(2):
        await store.personal.delete(ALICE)
    assert await store.exclusions.of(ALICE, HERE) == {Exclusion.BLOCKED}
    assert await store.exclusions.of(ALICE, ELSEWHERE) == set()
    assert await store.exclusions.of(BOB, HERE) == set()
    assert await store.exclusions.blocked_and_deleted(HERE) == 1
    open_ones = await reports_of(store, HERE)
    assert {(r.reason, r.about_id, r.by_id) for r in open_ones} == {
        ("open", None, BOB),
        ("by her", BOB, None),
    }
    assert await store.reports.of_guild(HERE, handled=True) == []
    [about_her] = await store.reports.of_guild(HERE, handled=False, about_id=ALICE)
    assert about_her.reason == "open"
    about = await store.personal.rows_about(ALICE)
    assert {table: len(rows) for table, rows in about.items() if rows} == {"kept_moderation": 2}
    assert str(ALICE) not in str(about)
    await store.purge()
    for needle in (str(ALICE).encode(), ALICE.to_bytes(8, "big")):
        assert [p.name for p in tmp_path.iterdir() if needle in p.read_bytes()] == []
    assert await store.exclusions.remove(ALICE, HERE, Exclusion.BLOCKED)
    assert await store.exclusions.of(ALICE, HERE) == set()


async def test_of_an_account_that_is_gone_no_pause_stays(store: Store) -> None:
    """Not under its code alone, and not as who asked, or was asked by, another member."""
    alice, bob = store.pseudonym(ALICE), store.pseudonym(BOB)
    for person in (alice, bob, f"{alice} {bob}", f"{bob} {alice}"):
        await store.pauses.pause("ask", person, 60)
    await store.personal.delete(ALICE)
    assert await store.pauses.until("ask", alice, 60)  # it is not cut short by deleting one's data
    await store.personal.delete(ALICE, keep_bars=False)
    for person in (alice, f"{alice} {bob}", f"{bob} {alice}"):
        assert await store.pauses.until("ask", person, 60) is None
    assert await store.pauses.until("ask", bob, 60)


@pytest.mark.parametrize("how", ["registered", "shared", "chosen", "heard", "disabled"])
async def test_a_server_knows_the_voices_it_has_to_do_with(store: Store, how: str) -> None:
    voice = await voice_of(store, ALICE, origin_guild_id=HERE if how == "registered" else None)
    match how:
        case "shared":
            await store.shares.share(voice, HERE)
        case "chosen":
            await store.choices.choose(ALICE, HERE, voice)
        case "heard":
            await store.moderation.heard(voice, HERE)
        case "disabled":
            await store.moderation.disable(voice, HERE)
    assert [v.voice_id for v in await store.moderation.known_in(HERE)] == [voice]
    assert await store.moderation.known_in(ELSEWHERE) == []


async def test_a_server_that_left_is_due_after_its_grace_and_cleaned_alone(
    store: Store, clock: Any
) -> None:
    only_here = await voice_of(store, ALICE, "here", origin_guild_id=HERE)
    travels = await voice_of(store, ALICE, "travels", origin_guild_id=HERE)
    bobs = await voice_of(store, BOB, "bobs", origin_guild_id=ELSEWHERE)
    for guild in (HERE, ELSEWHERE):
        await store.choices.choose(ALICE, guild, travels)
        await store.shares.share(bobs, guild)
        await store.moderation.disable(bobs, guild)
        await store.reports.add(
            guild_id=guild, about_id=BOB, voice_id=bobs, by_id=ALICE, reason="x"
        )
        await store.guild_settings.update(guild, lambda now: replace(now, default_voice_id=bobs))
    await store.departed_guilds.present([ELSEWHERE], lambda _: True)
    clock.now += 99
    await store.departed_guilds.present([ELSEWHERE], lambda _: True)
    assert await store.departed_guilds.due(100) == []
    clock.now += 1
    assert await store.departed_guilds.due(100) == [HERE]
    left = await store.departed_guilds.voices_left_behind(HERE)
    assert [voice.voice_id for voice in left] == [only_here]
    await store.departed_guilds.clean(HERE)
    assert await store.departed_guilds.due(0) == []
    assert await store.moderation.known_in(HERE) == []
    assert (await store.guild_settings.get(HERE)).default_voice_id is None
    assert {v.voice_id for v in await store.moderation.known_in(ELSEWHERE)} == {travels, bobs}
    assert len(await reports_of(store, ELSEWHERE)) == 1
    assert await store.moderation.disabled_in(ELSEWHERE) == {bobs}


async def test_a_server_that_is_back_in_time_loses_nothing(store: Store, clock: Any) -> None:
    await voice_of(store, ALICE, origin_guild_id=HERE)
    await store.departed_guilds.departed(HERE)
    await store.departed_guilds.present([HERE], lambda _: True)
    clock.now += 1000
    assert await store.departed_guilds.due(0) == []
    await store.departed_guilds.departed(HERE)
    await store.departed_guilds.returned(HERE)
    assert await store.departed_guilds.due(0) == []


async def test_what_is_exported_is_every_row_about_a_person_and_nobody_elses(
    store: Store,
) -> None:
    mine, bobs = await voice_of(store, ALICE), await voice_of(store, BOB, clip_sha256="d" * 64)
    for voice in (mine, bobs):
        await store.shares.share(voice, HERE)
        await store.choices.choose(ALICE, voice, voice)
        await store.moderation.heard(voice, HERE)
    for by_id in (ALICE, BOB):
        await store.reports.add(
            guild_id=HERE, about_id=BOB, voice_id=bobs, by_id=by_id, reason=str(by_id)
        )
    for owner_id, digest in ((ALICE, "c"), (BOB, "c"), (BOB, "d")):
        await render(store, f"{owner_id}{digest}", 1, voice=f"clip:{owner_id}:{digest * 64}")
    about = await store.personal.rows_about(ALICE)
    assert {table: len(rows) for table, rows in about.items() if rows} == {
        "users": 1,
        "voices": 1,
        "voice_shares": 1,
        "voice_choices": 2,
        "heard_voices": 1,
        "reports": 1,
        "report_people": 1,
        "speech_cache": 1,
    }
    assert str(BOB) not in str(about)


async def test_choices_made_before_stock_voices_could_be_chosen_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "timbre.db"
    prepare(path, load_migrations(MIGRATIONS)[:3])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO users VALUES (?, 0)", (ALICE,))
        connection.execute(
            "INSERT INTO voices (voice_id, owner_id, name, clip_sha256, clip_path, duration_s, "
            "consent_version, consented_at, created_at) VALUES (1, ?, 'a', ?, 'p', 9.0, 1, 0, 0)",
            (ALICE, "c" * 64),
        )
        connection.execute("INSERT INTO voice_choices VALUES (?, ?, 1)", (ALICE, HERE))
    store = await Store.open(path)
    assert await store.choices.get(ALICE, HERE) == 1
    await store.choices.choose(ALICE, HERE, "puck")
    assert await store.choices.get(ALICE, HERE) == "puck"
    await store.choices.choose(ALICE, HERE, 1)
    assert not await store.voices.delete(1, "another path")
    assert await store.voices.delete(1, "p")
    assert await store.choices.get(ALICE, HERE) is None
    await store.close()


async def test_what_was_made_before_its_owner_was_noted_is_forgotten(tmp_path: Path) -> None:
    """And the other voices that an owner had made of a disabled clip stay silent."""
    path = tmp_path / "timbre.db"
    prepare(path, load_migrations(MIGRATIONS)[:5])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("INSERT INTO users VALUES (?, 0)", [(ALICE,), (BOB,)])
        connection.executemany(
            "INSERT INTO voices (voice_id, owner_id, name, clip_sha256, clip_path, duration_s, "
            "consent_version, consented_at, created_at, disabled_at) "
            "VALUES (?1, ?2, ?1, ?3, ?1, 9.0, 1, 0, 0, ?4)",
            [(1, ALICE, "c" * 64, 7), (2, ALICE, "c" * 64, None), (3, BOB, "c" * 64, None)],
        )
        connection.execute("INSERT INTO disabled_voices VALUES (?, 1, 5)", (HERE,))
        for made, voice in (("s1", f"clip:{'c' * 64}"), ("s2", "stock:heart")):
            row = (made, voice, made)
            connection.execute("INSERT INTO speech_cache VALUES (?, ?, ?, 1, 1.0, 0, 0)", row)
        row = ("k", "c" * 64)
        connection.execute("INSERT INTO conditionals_cache VALUES (?, ?, '', '', '', 1, 0, 0)", row)
    store = await Store.open(path)
    assert await store.speech.all() == []
    assert await store.conditionals.all() == []
    assert await store.moderation.disabled_in(HERE) == {1, 2}
    assert [voice.disabled_at for voice in await store.voices.all()] == [7, 7, None]
    await store.close()


async def test_a_clip_is_disabled_once_in_each_place(store: Store) -> None:
    for guild_id in (HERE, HERE, None, None):
        await store.moderation.disable_clip("d" * 64, guild_id)
    assert [clip.guild_id for clip in await store.moderation.disabled_clips(HERE)] == [HERE]
    assert [clip.guild_id for clip in await store.moderation.disabled_clips(None)] == [None]
    assert (await store.moderation.disabled_digests(ELSEWHERE)).keys() == {"d" * 64}
    assert await store.moderation.enable_clip("d" * 64, None)
    assert not await store.moderation.enable_clip("d" * 64, None)
    assert await store.moderation.disabled_digests(ELSEWHERE) == {}
    assert (await store.moderation.disabled_digests(HERE)).keys() == {"d" * 64}


async def test_only_a_newer_clip_of_an_existing_voice_is_stored(store: Store) -> None:
    voice = await voice_of(store, ALICE)
    clip: dict[str, Any] = {
        "clip_sha256": "e" * 64,
        "clip_path": "clips/new.flac",
        "duration_s": 8.0,
        "consent_version": 2,
        "consented_at": 3.0,
    }
    new = NewVoice(owner_id=BOB, guild_id=HERE, name="not its name", **clip)
    before = await store.voices.get(voice)
    assert await store.voices.replace_clip(voice, new)
    assert await store.voices.get(voice) == replace(before, **clip)
    assert not await store.voices.replace_clip(voice + 1, new)


async def test_reports_made_before_they_had_states_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "timbre.db"
    prepare(path, [m for m in load_migrations(MIGRATIONS) if m.version < _reports_came().version])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("INSERT INTO users VALUES (?, 0)", [(ALICE,), (BOB,)])
        connection.execute(
            "INSERT INTO voices (voice_id, owner_id, name, clip_sha256, clip_path, duration_s, "
            "consent_version, consented_at, created_at) VALUES (1, ?, 'a', ?, 'p', 9.0, 1, 0, 0)",
            (ALICE, "c" * 64),
        )
        connection.execute("INSERT INTO voice_reports VALUES (?, 1, ?, 'odd', 7)", (HERE, BOB))
    store = await Store.open(path)
    [report] = await reports_of(store, HERE)
    assert (report.about_id, report.by_id, report.voice_id) == (ALICE, BOB, 1)
    assert (report.reason, report.reported_at, report.handled_at) == ("odd", 7, None)
    await store.close()


def _reports_came() -> Migration:
    return next(m for m in load_migrations(MIGRATIONS) if "CREATE TABLE reports" in m.sql)
