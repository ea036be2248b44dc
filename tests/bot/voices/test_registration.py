"""An upload becomes a voice as a whole, or leaves nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.base.errors import UserError
from bot.clips.judge import ClipLimits, ClipRefused, JudgedClip
from bot.voices.consent import CONSENT_VERSION
from bot.voices.place import Person
from tests.bot.house import ALICE, BOB, BOSS, HERE, MOD, House, a_house, judge, nothing


async def never(path: Path) -> None:
    raise AssertionError(f"{path} was fetched")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"agreed": False}, "did not fetch"),
        ({"size_bytes": 1001}, "at most"),
        ({"size_bytes": 0}, "empty"),
        ({"name": ""}, "1 to 32"),
        ({"name": "x" * 33}, "1 to 32"),
        ({"name": " padded"}, "visible"),
        ({"name": "a\nb"}, "visible"),
        ({"name": "a\u202eb"}, "visible"),
        ({"name": "voice:1"}, "cannot begin"),
        ({"name": "Stock:heart"}, "cannot begin"),
        ({"name": "TAKEN"}, "already have a voice called TAKEN"),
    ],
)
async def test_what_is_refused_is_never_fetched(
    house: House, changes: dict[str, Any], sentence: str
) -> None:
    await house.register(ALICE, "taken")
    before = house.files()
    wish = house.wish(ALICE, **({"name": "new"} | changes))
    with pytest.raises(UserError, match=sentence):
        await house.registration.draft(wish, never, nothing)
    assert house.files() == before


async def test_a_voice_keeps_which_consent_was_given_when_and_for_what(house: House) -> None:
    draft = await house.draft(house.wish(ALICE, "Mine"), b"sound")
    agreed_at = house.clock.now
    house.clock.now += 60
    voice = await house.registration.keep(draft)
    assert (voice.consent_version, voice.consented_at) == (CONSENT_VERSION, agreed_at)
    assert voice.clip_sha256 == draft.clip.sha256
    assert (house.home / voice.clip_path).read_bytes() == b"sound"
    assert voice.clip_path.startswith("clips/")
    assert ALICE.__str__() not in voice.clip_path
    assert await house.store.choices.get(ALICE, HERE) == voice.voice_id


async def test_a_refused_clip_and_a_failed_fetch_leave_no_file(house: House) -> None:
    with pytest.raises(ClipRefused):
        await house.draft(house.wish(ALICE, "Mine"), b"bad sound")

    async def half(path: Path) -> None:
        path.write_bytes(b"ha")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await house.registration.draft(house.wish(ALICE, "Mine"), half, nothing)
    assert house.files() == set()


async def test_giving_up_in_the_middle_leaves_no_file(house: House) -> None:
    begun = asyncio.Event()

    async def slow(path: Path) -> None:
        path.write_bytes(b"sound")
        begun.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(house.registration.draft(house.wish(ALICE, "Mine"), slow, nothing))
    await begun.wait()
    assert len(house.files()) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert house.files() == set()


async def test_the_sound_of_a_draft_is_in_its_file_alone(house: House) -> None:
    """A panel has it in mind for minutes, and outlives whose data is deleted."""
    draft = await house.draft(house.wish(ALICE, "Mine"), b"the sound of it")
    assert draft.path.read_bytes() == b"the sound of it"
    assert "the sound of it" not in repr(draft)
    assert draft.clip.sha256 in repr(draft)
    await house.privacy.delete(ALICE)
    assert not draft.path.exists()


async def test_a_draft_is_decided_on_once(house: House) -> None:
    draft = await house.draft(house.wish(ALICE, "Mine"), b"sound")
    results = await asyncio.gather(
        *(house.registration.keep(draft) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(result, UserError) for result in results) == 4
    await house.registration.discard(draft)  # too late: it is a voice
    assert len(house.files()) == 1
    thrown = await house.draft(house.wish(ALICE, "Other"), b"other")
    await house.registration.discard(thrown)
    with pytest.raises(UserError, match="gone already"):
        await house.registration.keep(thrown)
    assert len(house.files()) == 1


async def test_quotas_hold_even_for_drafts_made_before_they_were_full(house: House) -> None:
    drafts = [await house.draft(house.wish(ALICE, f"v{n}"), f"{n}".encode()) for n in range(5)]
    results = await asyncio.gather(
        *(house.registration.keep(draft) for draft in drafts), return_exceptions=True
    )
    assert sum(isinstance(result, UserError) for result in results) == 2
    assert len(house.files()) == 3
    await house.register(BOB, "fourth here")
    with pytest.raises(UserError, match="reached its limit of 4 voices"):
        await house.register(BOB, "fifth here")
    await house.registration.keep(
        await house.draft(house.wish(BOB, "elsewhere", guild_id=HERE + 1), b"elsewhere")
    )
    with pytest.raises(UserError, match="You already have 3 voices"):
        await house.draft(house.wish(ALICE, "one more", guild_id=HERE + 1), b"more")


async def test_disabled_voices_and_those_of_owners_who_left_take_no_place(house: House) -> None:
    """Some accounts could fill a server, leave it, and lock its members out for good."""
    full = "reached its limit of 4 voices"
    here = {ALICE, BOB, MOD, BOSS}

    async def membership(_guild_id: int, user_id: int) -> bool | None:
        return user_id in here

    house.sharing.membership = membership
    mine = [await house.register(ALICE, f"mine {n}") for n in range(3)]
    await house.register(BOB, "fourth here")
    with pytest.raises(UserError, match=full):
        await house.register(MOD, "fifth here")
    await house.store.moderation.disable(mine[0].voice_id, HERE)
    await house.register(MOD, "in its place")
    with pytest.raises(UserError, match=full):
        await house.register(BOSS, "sixth here")
    here.discard(ALICE)
    await house.register(BOSS, "sixth here")
    here.add(ALICE)  # comes back, and counts again as soon as she wants a place
    await house.keeping.delete("mine 0", Person(ALICE, HERE))
    await house.register(BOB, "seventh here")
    with pytest.raises(UserError, match=full):
        await house.register(ALICE, "mine again")


async def test_two_uploads_need_a_pause_between_them(tmp_path: Path) -> None:
    async with a_house(tmp_path, registration_cooldown_s=10) as house:
        await house.draft(house.wish(ALICE, "one"), b"one")
        house.clock.now += 4
        await house.privacy.delete(ALICE)  # undoes no pause
        with pytest.raises(UserError, match="try again in 6 s"):
            await house.draft(house.wish(ALICE, "two"), b"two")
        await house.draft(house.wish(BOB, "bobs"), b"bobs")
        house.clock.now += 6
        await house.draft(house.wish(ALICE, "two"), b"two")
        house.clock.now -= 86_400 * 40  # set back: a pause of ten seconds is not forty days
        await house.draft(house.wish(ALICE, "three"), b"three")
        with pytest.raises(UserError, match="try again in 10 s"):
            await house.draft(house.wish(ALICE, "four"), b"four")


async def test_of_twenty_people_two_are_attended_to_at_a_time(tmp_path: Path) -> None:
    """Neither more uploads in memory nor more judges at work; the others wait their turn."""
    under_way = {"fetching": 0, "judging": 0}
    most = dict(under_way)

    @asynccontextmanager
    async def attending(what: str) -> AsyncIterator[None]:
        under_way[what] += 1
        most[what] = max(most[what], under_way[what])
        await asyncio.sleep(0.005)
        yield
        under_way[what] -= 1

    async def slowly(upload: Path, limits: ClipLimits) -> JudgedClip:
        async with attending("judging"):
            return await judge(upload, limits)

    async with a_house(tmp_path, judging=slowly, voices_per_guild=20) as house:

        async def register(number: int) -> None:
            async def fetch(path: Path) -> None:
                async with attending("fetching"):
                    path.write_bytes(f"sound {number}".encode())

            wish = house.wish(ALICE + 100 + number, "Mine")
            draft = await house.registration.draft(wish, fetch, nothing)
            await house.registration.keep(draft)

        await asyncio.gather(*(register(number) for number in range(20)))
        assert most == {"fetching": 2, "judging": 2}
        assert len(house.files()) == 20


async def test_a_file_that_never_comes_keeps_nobody_waiting(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.voices.uploads.FETCH_WITHIN_S", 0.05)

    async def stuck(path: Path) -> None:
        path.write_bytes(b"so")
        await asyncio.sleep(60)

    wishes = [house.wish(ALICE + number, "Mine") for number in range(4)]
    results = await asyncio.gather(
        *(house.registration.draft(wish, stuck, nothing) for wish in wishes),
        return_exceptions=True,
    )
    assert [str(result) for result in results] == [
        "Discord did not hand me the file in time. Please try again."
    ] * 4
    assert house.files() == set()


async def test_of_two_other_clips_the_one_kept_last_stays_alone(house: House) -> None:
    """Two panels can be open for one voice."""
    voice = await house.register(ALICE, "Mine", b"former")
    drafts = [
        await house.draft(house.wish(ALICE, "Mine", replaces=voice), clip)
        for clip in (b"second", b"third", b"third")
    ]
    for draft in drafts:
        kept = await house.registration.keep(draft)
        assert {name for name in house.files() if name.startswith("clips/")} == {kept.clip_path}
        await house.say(kept, "hello there")
        if draft is drafts[0]:
            second = kept
    assert house.traces(second.clip_sha256) == []


async def test_another_clip_takes_the_place_of_the_former_one_and_what_came_of_it(
    house: House,
) -> None:
    voice = await house.register(ALICE, "Mine", b"former")
    await house.say(voice, "hello there")
    assert len(house.files()) == 3
    draft = await house.draft(house.wish(ALICE, "Mine", replaces=voice), b"newer")
    replaced = await house.registration.keep(draft)
    assert replaced.voice_id == voice.voice_id
    assert (house.home / replaced.clip_path).read_bytes() == b"newer"
    assert house.files() == {replaced.clip_path}
    assert house.traces(voice.clip_sha256) == []
    again = await house.draft(house.wish(ALICE, "Mine", replaces=replaced), b"newest")
    await house.forgetting.voices([replaced])
    with pytest.raises(UserError, match="deleted meanwhile"):
        await house.registration.keep(again)
    assert house.files() == set()


async def test_another_members_recording_is_refused_and_the_moderators_are_told(
    house: House,
) -> None:
    """Also where both had tried it out before either kept it; and not whose it is."""
    drafts = [await house.draft(house.wish(BOB, "Mine"), b"recording")]
    drafts.append(await house.draft(house.wish(ALICE, "Evening"), b"recording"))
    kept = await asyncio.gather(
        *(house.registration.keep(draft) for draft in drafts), return_exceptions=True
    )
    assert [isinstance(one, UserError) for one in kept] == [False, True]
    for guild_id, told in ((HERE, True), (None, False)):
        with pytest.raises(UserError, match="another member's voice already") as refused:
            await house.draft(house.wish(ALICE, "Evening", guild_id=guild_id), b"recording")
        assert ("told the moderators" in str(refused.value)) == told
        assert "Mine" not in str(refused.value)
    (copy,) = await house.moderation.copies(Person(MOD, HERE, moderates=True))
    assert copy.user_id == ALICE
    with pytest.raises(UserError, match="Only those who may manage"):
        await house.moderation.copies(Person(MOD, HERE))
    assert len(house.files()) == 1
    await house.register(BOB, "Again", b"recording")
