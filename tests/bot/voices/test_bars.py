"""Barred people, whatever they do about it."""

import asyncio

import pytest
from msgspec.structs import replace

from bot.base.errors import UserError
from bot.voices.place import Person
from bot.voices.privacy import DeletionReason
from data.bars import Bar
from data.live import Exclusion
from engine.errors import VoiceUnusable
from tests.bot.house import ALICE, BOB, ELSEWHERE, HERE, MODERATOR, OWNER, RUNS_THE_BOT, House
from tests.engine.scripted_executor import journal, until

HAVING, USING = "barred you from having voices here", "barred you from using me here"


async def test_who_is_barred_from_voices_registers_none_and_is_heard_in_none(house: House) -> None:
    """One that was registered in a direct message is no way round it, nor is one that is shared."""
    own = await house.register(ALICE, "Mine")
    await house.keeping.share("Mine", OWNER)
    speaking = asyncio.create_task(house.say(own, "slow 30", BOB))
    await until(lambda: "slow 30" in journal(house.home, "begin"))
    await house.bars.bar(ALICE, Bar.VOICES, MODERATOR)
    with pytest.raises(VoiceUnusable, match="barred"):
        await speaking
    with pytest.raises(UserError, match=HAVING):
        await house.draft(house.wish(ALICE, "Again"), b"again")
    await house.registration.keep(
        await house.draft(house.wish(ALICE, "By message", guild_id=None), b"message")
    )
    for user_id in (ALICE, BOB):
        with pytest.raises(UserError, match="is disabled here"):
            await house.voices.speaker("Mine", user_id=user_id, guild_id=HERE)
    speaker = await house.voices.speaker(None, user_id=ALICE, guild_id=HERE)
    assert speaker.voice.identity.startswith("stock:")
    elsewhere = await house.voices.speaker("By message", user_id=ALICE, guild_id=ELSEWHERE)
    assert elsewhere.voice.identity.startswith("clip:")
    assert await house.bars.refusal(ALICE, HERE, Bar.EVERYTHING) is None


async def test_deleting_ones_data_undoes_no_bar_unless_the_account_is_gone(house: House) -> None:
    await house.bars.bar(ALICE, Bar.EVERYTHING, MODERATOR)
    for reason in (DeletionReason.ASKED, DeletionReason.ASKED_STRICTLY):
        await house.privacy.delete(ALICE, reason)
        refusal = await house.bars.refusal(ALICE, HERE, Bar.EVERYTHING)
        assert refusal is not None
        assert USING in str(refusal)
        assert await house.privacy.counts(ALICE) == {"bars": 1}
    assert await house.bars.refusal(ALICE, ELSEWHERE, Bar.EVERYTHING) is None
    await house.privacy.delete(ALICE, DeletionReason.ACCOUNT_GONE)
    assert await house.bars.refusal(ALICE, HERE, Bar.EVERYTHING) is None
    with pytest.raises(UserError, match="not barred"):
        await house.bars.admit(ALICE, MODERATOR)


async def test_who_runs_the_bot_bars_everywhere_and_only_they_undo_that(house: House) -> None:
    await house.bars.bar(ALICE, Bar.EVERYTHING, RUNS_THE_BOT)
    for guild_id in (HERE, ELSEWHERE, 0):
        refusal = await house.bars.refusal(ALICE, guild_id, Bar.VOICES)
        assert str(refusal) == "Whoever runs me has barred you from having voices."
    with pytest.raises(UserError, match="not barred"):
        await house.bars.admit(ALICE, MODERATOR)
    await house.bars.admit(ALICE, RUNS_THE_BOT)
    assert await house.bars.refusal(ALICE, HERE, Bar.VOICES) is None


async def test_a_bar_from_speaking_ends_by_itself_and_is_from_nothing_else(house: House) -> None:
    own = await house.register(ALICE, "Mine")
    speaking = asyncio.create_task(house.say(own, "slow 30", ALICE))
    await until(lambda: "slow 30" in journal(house.home, "begin"))
    ends_at = await house.bars.bar(ALICE, Bar.SAY, MODERATOR, for_s=3600)
    with pytest.raises(VoiceUnusable, match="barred"):
        await speaking
    refusal = await house.bars.refusal(ALICE, HERE, Bar.SAY)
    assert refusal is not None
    assert f"commands that make me speak. That ends <t:{ends_at:.0f}:R>." in str(refusal)
    assert await house.bars.refusal(ALICE, ELSEWHERE, Bar.SAY) is None
    for kind in (Bar.VOICES, Bar.EVERYTHING):
        assert await house.bars.refusal(ALICE, HERE, kind) is None
    speaker = await house.voices.speaker("Mine", user_id=ALICE, guild_id=HERE)
    assert speaker.voice.identity.startswith("clip:")
    assert await house.bars.of(ALICE, HERE) == [refusal]
    house.clock.now += 3601
    assert await house.bars.refusal(ALICE, HERE, Bar.SAY) is None
    assert await house.bars.of(ALICE, HERE) == []
    with pytest.raises(UserError, match="not barred"):
        await house.bars.admit(ALICE, MODERATOR)
    await house.bars.bar(ALICE, Bar.EVERYTHING, MODERATOR, for_s=60)
    assert await house.store.exclusions.of(ALICE, HERE) == {Exclusion.BARRED}
    house.clock.now += 61
    assert await house.store.exclusions.of(ALICE, HERE) == set()
    await house.janitor.tidy()
    assert "bars" not in await house.privacy.counts(ALICE)


async def test_nobody_bars_without_the_right_or_themselves(house: House) -> None:
    with pytest.raises(UserError, match="may manage the server"):
        await house.bars.bar(BOB, Bar.VOICES, OWNER)
    with pytest.raises(UserError, match="cannot bar yourself"):
        await house.bars.bar(MODERATOR.user_id, Bar.VOICES, MODERATOR)


async def test_reports_about_who_asked_strictly_go_too(house: House) -> None:
    await house.moderation.report(ALICE, "odd", Person(BOB, HERE))
    await house.privacy.delete(ALICE)
    assert len(await house.moderation.reports(MODERATOR)) == 1
    await house.privacy.delete(ALICE, DeletionReason.ASKED_STRICTLY)
    assert await house.moderation.reports(MODERATOR) == []


async def test_moderators_see_for_thirty_days_who_spoke_in_whose_voice(house: House) -> None:
    voice = await house.register(ALICE, "Mine")
    await house.keeping.share("Mine", OWNER)
    for days in (1, 1, 0):
        for user_id in (ALICE, BOB, BOB):
            await house.voices.speaker("Mine", user_id=user_id, guild_id=HERE)
        house.clock.now += days * 86_400
    (use,) = await house.moderation.uses(None, MODERATOR)
    assert (use.name, use.owner_id, use.user_id, use.days) == ("Mine", ALICE, BOB, 3)
    assert use.last_day == house.clock.now // 86_400
    assert await house.moderation.uses(f"voice:{voice.voice_id}", MODERATOR) == [use]
    with pytest.raises(UserError, match="may manage the server"):
        await house.moderation.uses(None, OWNER)
    house.clock.now += 29 * 86_400
    await house.janitor.tidy()
    assert await house.moderation.uses(None, MODERATOR) == [replace(use, days=2)]
    house.clock.now += 2 * 86_400
    await house.janitor.tidy()
    assert await house.moderation.uses(None, MODERATOR) == []
    await house.voices.speaker("Mine", user_id=BOB, guild_id=HERE)
    await house.privacy.delete(BOB)
    assert await house.moderation.uses(None, MODERATOR) == []


async def test_a_voice_goes_when_nobody_spoke_in_it_for_a_year(house: House) -> None:
    await house.register(ALICE, "Mine")
    await house.register(BOB, "Bobs")
    await house.keeping.share("Bobs", Person(BOB, HERE))
    house.clock.now += 364 * 86_400
    await house.voices.speaker("Bobs", user_id=ALICE, guild_id=HERE)  # others' use counts
    await house.janitor.tidy()
    assert len(await house.store.voices.all()) == 2
    house.clock.now += 2 * 86_400
    await house.janitor.tidy()
    assert [voice.name for voice in await house.store.voices.all()] == ["Bobs"]
    assert len(house.files()) == 1
