"""Two bot processes' services on one home: what one decides holds in the other."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.base.errors import UserError
from bot.base.shards import Shards
from bot.live.own_words import OwnWords
from bot.speech.speaker import Speaker
from data.bars import Bar
from data.member_words import WordsKind
from data.rows import OwnName
from engine.errors import VoiceUnusable
from tests.bot.house import ALICE, BOB, BOSS, HERE, RUNS_THE_BOT, House, a_house
from tests.engine.scripted_executor import journal, until

Houses = tuple[House, House]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with other work has time to let another connection's write end."""
    monkeypatch.setattr("data.database.BUSY_TIMEOUT_S", 30.0)


@pytest.fixture
async def houses(tmp_path: Path) -> AsyncIterator[Houses]:
    async with (
        a_house(tmp_path, shards=Shards(0, 0, 2)) as one,
        a_house(tmp_path, shards=Shards(1, 1, 2)) as other,
    ):
        await other.executor.engine_info()
        yield one, other


async def test_a_person_who_is_deleted_in_one_is_gone_from_the_other(houses: Houses) -> None:
    """What is said of theirs there ends, their draft is withdrawn, and nothing comes back."""
    one, other = houses
    await one.register(ALICE, "mine")
    draft = await other.draft(other.wish(ALICE, "draft"), b"another clip")
    shown = []
    other.registration.drafts.show(draft, lambda: shown.append("withdrawn"))
    speaker = await other.voices.speaker(None, user_id=ALICE, guild_id=HERE)
    saying = asyncio.create_task(other.speech.saying(["slow 20"], speaker).ogg())
    await until(lambda: "slow 20" in journal(other.home, "begin"))
    deletion = await asyncio.wait_for(one.privacy.delete(ALICE), 60)
    assert deletion.voices == 1
    with pytest.raises(VoiceUnusable, match="your data was deleted"):
        await saying
    assert shown == ["withdrawn"]
    assert draft not in other.registration.drafts
    assert one.files() == set()
    again = await other.voices.speaker(None, user_id=ALICE, guild_id=HERE)
    await until(lambda: not other.speech._silenced)  # the notice is taken back
    assert await other.speech.saying(["hello"], again).ogg()


async def test_two_who_delete_one_person_do_not_wait_for_each_other_for_ever(
    houses: Houses,
) -> None:
    one, other = houses
    await one.register(ALICE, "mine")
    await other.draft(other.wish(ALICE, "draft"), b"another clip")
    deletions = asyncio.gather(one.privacy.delete(ALICE), other.privacy.delete(ALICE))
    found = await asyncio.wait_for(deletions, 60)
    assert sorted(deletion.voices for deletion in found) == [0, 1]
    assert one.files() == set()


async def test_who_is_barred_or_disabled_everywhere_is_silent_in_the_other(houses: Houses) -> None:
    one, other = houses
    voice = await one.register(BOB, "theirs")
    for number, (decide, reason) in enumerate(
        (
            (
                one.moderation.disable_everywhere(f"voice:{voice.voice_id}", RUNS_THE_BOT),
                "disabled",
            ),
            (one.bars.bar(BOB, Bar.EVERYTHING, RUNS_THE_BOT), "barred"),
        )
    ):
        text = f"slow 2{number}"
        saying = asyncio.create_task(other.say(voice, text, BOB))
        await until(lambda text=text: text in journal(other.home, "begin"))  # type: ignore[misc]
        await asyncio.wait_for(decide, 60)
        with pytest.raises(VoiceUnusable, match=reason):
            await saying


async def test_a_name_that_is_gone_in_one_is_kept_by_no_other(houses: Houses) -> None:
    one, other = houses
    words = OwnWords(one.store, one.bars, one.forgetting)
    await words.choose(ALICE, HERE, WordsKind.NAME, "Ally")
    speaker = Speaker(guild_id=HERE, user_id=BOB, own_names=(OwnName(ALICE, "Ally"),))
    saying = asyncio.create_task(other.speech.saying(["slow 1 Ally"], speaker).ogg())
    await until(lambda: "slow 1 Ally" in journal(other.home, "begin"))
    await asyncio.wait_for(one.privacy.delete(ALICE), 60)
    assert await saying
    assert one.files() == set()


async def test_who_is_barred_while_it_is_decided_who_speaks_says_nothing(houses: Houses) -> None:
    """The engine may be loading for a minute between the two."""
    one, other = houses
    with other.speech.deciding() as decision:
        speaker = await other.voices.speaker(None, user_id=BOB, guild_id=HERE)
        decision.require(speaker)
        await asyncio.wait_for(one.bars.bar(BOB, Bar.EVERYTHING, RUNS_THE_BOT), 60)
        with pytest.raises(VoiceUnusable, match="barred"):
            decision.require(speaker)
        decision.require(await other.voices.speaker(None, user_id=ALICE, guild_id=HERE))


async def test_of_two_who_keep_one_recording_at_once_one_is_refused(houses: Houses) -> None:
    one, other = houses
    drafts = (
        await one.draft(one.wish(ALICE, "mine"), b"the very clip"),
        await other.draft(other.wish(BOB, "mine"), b"the very clip"),
    )
    kept = await asyncio.wait_for(
        asyncio.gather(
            *(house.registration.keep(draft) for house, draft in zip(houses, drafts, strict=True)),
            return_exceptions=True,
        ),
        60,
    )
    (refused,) = [one for one in kept if isinstance(one, BaseException)]
    assert isinstance(refused, UserError)
    assert "another member's voice already" in str(refused)
    assert len(await one.store.voices.all()) == 1


async def test_nobody_has_one_voice_more_by_asking_twice_at_once(houses: Houses) -> None:
    one, other = houses
    for name in ("first", "second"):
        await one.register(BOSS, name)
    drafts = [
        await house.draft(house.wish(BOSS, name), name.encode())
        for house, name in zip(houses, ("third", "fourth"), strict=True)
    ]
    kept = await asyncio.gather(
        *(house.registration.keep(draft) for house, draft in zip(houses, drafts, strict=True)),
        return_exceptions=True,
    )
    (refused,) = [one for one in kept if isinstance(one, BaseException)]
    assert "already have 3 voices" in str(refused)
    assert len(await other.store.voices.of_owner(BOSS)) == 3
