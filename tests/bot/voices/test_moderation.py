"""What moderators and who runs the bot disable is spoken in and registered by nobody."""

import pytest
from msgspec.structs import replace

from bot.base.errors import UserError
from bot.voices.place import Person
from bot.voices.references import VoiceReference
from bot.voices.rights import Action
from engine.speech import ClonedVoice, StockVoice
from tests.bot.house import (
    ALICE,
    BOB,
    ELSEWHERE,
    HERE,
    MOD,
    MODERATOR,
    OTHER,
    OWNER,
    RUNS_THE_BOT,
    House,
)


async def test_a_disabled_voice_speaks_nowhere_it_is_disabled(house: House) -> None:
    voice = await house.register(ALICE, "Mine")
    await house.moderation.disable("Mine", MODERATOR)
    with pytest.raises(UserError, match="disabled here"):
        await house.voices.speaker("Mine", user_id=ALICE, guild_id=HERE)
    usual = await house.voices.speaker(None, user_id=ALICE, guild_id=HERE)
    assert isinstance(usual.voice, StockVoice)
    assert str(usual.note) == "The voice Mine is disabled here, so another one is speaking."
    elsewhere = await house.voices.speaker("Mine", user_id=ALICE, guild_id=ELSEWHERE)
    assert isinstance(elsewhere.voice, ClonedVoice)
    await house.moderation.disable_everywhere(f"voice:{voice.voice_id}", RUNS_THE_BOT)
    with pytest.raises(UserError, match="disabled here"):
        await house.voices.speaker("Mine", user_id=ALICE, guild_id=ELSEWHERE)
    await house.moderation.enable_everywhere("Mine", RUNS_THE_BOT)
    await house.voices.speaker("Mine", user_id=ALICE, guild_id=ELSEWHERE)
    with pytest.raises(UserError, match="disabled here"):
        await house.voices.speaker("Mine", user_id=ALICE, guild_id=HERE)
    await house.moderation.enable("Mine", MODERATOR)
    await house.voices.speaker("Mine", user_id=ALICE, guild_id=HERE)


async def test_a_voice_that_is_taken_away_falls_silent_where_it_was_taken(house: House) -> None:
    voice = await house.register(ALICE, "Mine")
    same_clip = replace(voice, owner_id=BOB, clip_path="clips/another.flac")
    everybody = {}
    stopped: dict[str, str] = {}
    for name, spoken, user_id, guild_id in (
        ("owner", voice, ALICE, HERE),
        ("other", voice, BOB, HERE),
        ("other with the same clip", same_clip, BOB, HERE),
        ("owner elsewhere", voice, ALICE, ELSEWHERE),
        ("other elsewhere", voice, BOB, ELSEWHERE),
    ):
        speaker = house.voices.as_speaker(spoken, Person(user_id, guild_id))
        everybody[name] = house.speech.saying(["hello"], speaker)
        everybody[name].on_withdrawal(
            lambda reason, name=name: stopped.setdefault(name, str(reason))  # type: ignore[misc]
        )
    await house.keeping.share("Mine", OWNER)
    await house.keeping.unshare("Mine", OWNER)
    unshared = {"other": "This voice is not shared here any more, so I stopped."}
    assert stopped == unshared
    await house.moderation.disable("Mine", MODERATOR)
    disabled = "This voice was disabled here, so I stopped."
    assert stopped == unshared | {"owner": disabled}
    await house.moderation.disable_everywhere(f"voice:{voice.voice_id}", RUNS_THE_BOT)
    theirs = everybody.keys() - {"other", "other with the same clip"}
    assert stopped == unshared | dict.fromkeys(theirs, disabled)


async def test_who_has_the_same_recording_does_not_fall_silent_with_a_disabled_voice(
    house: House,
) -> None:
    """Its owner does, in all that they made of it; and nobody makes a voice of it afterwards."""
    hers = await house.register(ALICE, "Mine", b"the clip")
    other = await house.register(ALICE, "Other", b"the clip")
    his = await house.copied(hers, BOB)
    await house.moderation.disable(f"voice:{hers.voice_id}", MODERATOR)
    house.clock.now += 1
    place = await house.voices.place(OTHER)
    assert [place.is_disabled(voice) for voice in (hers, other, his)] == [True, True, False]
    later = replace(hers, consented_at=house.clock.now)
    assert place.is_disabled(await house.copied(later, MOD))
    await house.moderation.enable(f"voice:{hers.voice_id}", MODERATOR)
    place = await house.voices.place(OTHER)
    assert not any(place.is_disabled(voice) for voice in (hers, other, his))


async def test_who_runs_the_bot_is_told_how_voices_are_named(house: House) -> None:
    with pytest.raises(UserError, match="by number, such as voice:12"):
        await house.moderation.disable_everywhere("Nobody", RUNS_THE_BOT)


async def test_a_name_that_several_have_disables_nobody(house: House) -> None:
    hers = await house.register(ALICE, "Me")
    his = await house.register(BOB, "Me")
    with pytest.raises(UserError, match=f"voice:{hers.voice_id} of .*voice:{his.voice_id} of"):
        await house.moderation.disable_everywhere("me", RUNS_THE_BOT)
    with pytest.raises(UserError, match="Several"):
        await house.keeping.delete("Me", RUNS_THE_BOT)
    found = await house.moderation.disable_everywhere(f"voice:{his.voice_id}", RUNS_THE_BOT)
    assert found.owner_id == BOB
    assert (await house.keeping.delete("Me", OWNER)).owner_id == ALICE


async def test_a_disabled_voice_does_not_come_back_with_its_clip(house: House) -> None:
    """Not deleted and registered anew, not by somebody else, not by way of another server."""
    voice = await house.register(ALICE, "Mine", b"the clip")
    await house.moderation.disable("Mine", MODERATOR)
    await house.keeping.delete("Mine", OWNER)
    for owner, name in ((ALICE, "Mine"), (BOB, "Other")):
        with pytest.raises(UserError, match="this very clip was disabled here"):
            await house.draft(house.wish(owner, name), b"the clip")
    assert house.files() == set()
    there = await house.draft(house.wish(ALICE, "There", guild_id=ELSEWHERE), b"the clip")
    again = await house.registration.keep(there)
    assert again.clip_sha256 == voice.clip_sha256
    with pytest.raises(UserError, match="disabled here"):
        await house.voices.speaker("There", user_id=ALICE, guild_id=HERE)
    await house.voices.speaker("There", user_id=ALICE, guild_id=ELSEWHERE)
    await house.keeping.delete("There", OWNER)
    # What is left names nobody, and not the clip either.
    assert house.traces(voice.clip_sha256) == []
    assert await house.privacy.delete(ALICE) == (0, True)
    assert len(await house.store.moderation.disabled_clips(HERE)) == 1

    assert await house.moderation.offer_enabling("", OWNER) == []
    (offered,) = await house.moderation.offer_enabling("", MODERATOR)
    assert offered.label.startswith("A deleted voice, disabled on ")
    with pytest.raises(UserError, match="Only those who may manage"):
        await house.moderation.enable(offered.value, OTHER)
    with pytest.raises(UserError, match="is not disabled"):
        await house.moderation.enable(offered.value, Person(MOD, ELSEWHERE, moderates=True))
    assert await house.moderation.enable(offered.value, MODERATOR) is None
    await house.register(ALICE, "Mine", b"the clip")


async def test_a_clip_disabled_while_it_was_being_tried_out_is_not_kept(house: House) -> None:
    voice = await house.register(ALICE, "Other", b"the clip")
    draft = await house.draft(house.wish(ALICE, "Mine"), b"the clip")
    await house.moderation.disable(f"voice:{voice.voice_id}", MODERATOR)
    with pytest.raises(UserError, match="was disabled here"):
        await house.registration.keep(draft)
    assert len(house.files()) == 1  # the other one's


async def test_who_runs_the_bot_disables_a_clip_everywhere(house: House) -> None:
    voice = await house.register(ALICE, "Mine", b"the clip")
    await house.moderation.disable_everywhere(f"voice:{voice.voice_id}", RUNS_THE_BOT)
    await house.keeping.delete("Mine", OWNER)
    for guild_id in (HERE, ELSEWHERE):
        with pytest.raises(UserError, match="was disabled here"):
            await house.draft(house.wish(ALICE, "Mine", guild_id=guild_id), b"the clip")
    # A server that is cleaned takes nothing of it along.
    await house.store.departed_guilds.present([ELSEWHERE], lambda _: True)
    assert await house.store.departed_guilds.due(0) == []
    asked = str(VoiceReference.to_clip(voice.clip_sha256))
    with pytest.raises(UserError, match="Only whoever runs me"):
        await house.moderation.enable_everywhere(asked, MODERATOR)
    assert await house.moderation.enable_everywhere(asked, RUNS_THE_BOT) is None
    await house.register(ALICE, "Mine", b"the clip")


async def test_a_report_is_about_a_voice_that_was_heard_in_the_server(house: House) -> None:
    """Elsewhere it says that a member speaks oddly, and nothing of what voices they have."""
    voice = await house.register(ALICE, "Mine")
    await house.moderation.report(ALICE, "odd", OTHER)
    with pytest.raises(UserError, match="try again in 30 s"):
        await house.moderation.report(ALICE, "odd", OTHER)
    house.clock.now += 30
    elsewhere = Person(BOB, ELSEWHERE)
    mod_elsewhere = Person(MOD, ELSEWHERE, moderates=True)
    await house.moderation.report(ALICE, "odd", elsewhere)
    [(about, report)] = await house.moderation.reports(MODERATOR)
    assert (about, report.reason, report.by_id, report.about_id) == (voice, "odd", BOB, ALICE)
    [(about, report)] = await house.moderation.reports(mod_elsewhere)
    assert (about, report.about_id) == (None, ALICE)
    value = f"voice:{voice.voice_id}"
    for action in (Action.SEE, Action.DISABLE):
        assert await house.voices.offer("", action, mod_elsewhere) == []
        with pytest.raises(UserError, match="no such voice"):
            await house.voices.find(value, action, mod_elsewhere)
    await house.voices.speaker(value, user_id=ALICE, guild_id=ELSEWHERE)
    house.clock.now += 30
    await house.moderation.report(ALICE, "odd", elsewhere)
    [(about, _)] = await house.moderation.reports(mod_elsewhere)
    assert about is not None
    assert about.voice_id == voice.voice_id
    [offered] = await house.voices.offer("", Action.DISABLE, mod_elsewhere)
    assert offered.label == "Mine (another member's)"


async def test_a_reason_stays_on_its_line(house: House) -> None:
    await house.moderation.report(ALICE, "odd\n\u2028\x1b[1m \u202eyes\r\n", OTHER)
    [(_, report)] = await house.moderation.reports(MODERATOR)
    assert report.reason == "odd [1m yes"
    with pytest.raises(UserError, match="a few words"):
        await house.moderation.report(ALICE, "\n\u200b ", Person(MOD, HERE))
