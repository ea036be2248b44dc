"""Voices are used and changed by those who may, whatever ids are sent."""

import re
from itertools import product

import pytest

from bot.base.errors import UserError
from bot.voices.place import Person
from bot.voices.rights import Action, Standing, permitted
from engine.speech import ClonedVoice, StockVoice
from tests.bot.house import (
    ALICE,
    BOB,
    BOSS,
    ELSEWHERE,
    HERE,
    MOD,
    MODERATOR,
    OTHER,
    OWNER,
    House,
)

PEOPLE = {
    "owner": OWNER,
    "other": OTHER,
    "other elsewhere": Person(BOB, ELSEWHERE),
    "moderator": MODERATOR,
    "moderator elsewhere": Person(MOD, ELSEWHERE, moderates=True),
    "who runs the bot": Person(BOSS, ELSEWHERE, runs_the_bot=True),
}


#: What each of them is to a voice of Alice's, and what more once she shares it here.
STANDINGS = {
    "owner": ({Standing.OWNER}, {Standing.SHARED_WITH}),
    "other": (set(), {Standing.SHARED_WITH}),
    "other elsewhere": (set(), set()),
    "moderator": ({Standing.MODERATOR}, {Standing.SHARED_WITH}),
    "moderator elsewhere": (set(), set()),
    "who runs the bot": ({Standing.BOT_OWNER}, set()),
}


async def test_a_forged_id_opens_no_more_than_the_rights_of_who_sends_it(house: House) -> None:
    """And a name opens only what one may see: others learn not even that it is there."""
    voice = await house.register(ALICE, "Mine")
    for shared in (False, True):
        if shared:
            await house.keeping.share("Mine", OWNER)
        for who, (always, once_shared) in STANDINGS.items():
            person, standings = PEOPLE[who], {Standing.OTHER} | always
            standings |= once_shared if shared else set()
            assert (await house.voices.place(person)).standings(voice) == standings, who
            for action, asked in product(Action, (f"voice:{voice.voice_id}", "Mine", "mine")):
                by_name = not asked.startswith("voice:")
                visible = permitted(Action.SEE, standings, disabled=False)
                if permitted(action, standings, disabled=False) and (visible or not by_name):
                    assert await house.voices.find(asked, action, person) == voice
                else:
                    with pytest.raises(UserError, match=r"no such voice|may not do that"):
                        await house.voices.find(asked, action, person)


@pytest.mark.parametrize(
    "asked", ["voice:", "voice:-1", "voice:9" * 9, "voice:١", "clip:0000", "x" * 100]
)
async def test_nonsense_names_no_voice(house: House, asked: str) -> None:
    await house.register(ALICE, "Mine")
    with pytest.raises(UserError, match="no such voice"):
        await house.voices.find(asked, Action.SPEAK, OWNER)


async def test_each_change_is_refused_to_others(house: House) -> None:
    voice = await house.register(ALICE, "Mine")
    await house.keeping.share("Mine", OWNER)
    value, keeping = f"voice:{voice.voice_id}", house.keeping
    for attempt in (
        keeping.rename(value, "Bobs", OTHER),
        keeping.share(value, OTHER),
        keeping.unshare(value, OTHER),
        keeping.adjust(value, OTHER, seed=1),
        keeping.reset(value, OTHER),
        keeping.delete(value, OTHER),
        keeping.set_default(value, OTHER),
        house.moderation.disable(value, OTHER),
        house.moderation.enable(value, OTHER),
        house.moderation.disable_everywhere(value, MODERATOR),
        house.moderation.enable_everywhere(value, MODERATOR),
        house.moderation.reports(OTHER),
    ):
        with pytest.raises(UserError):
            await attempt
    assert await house.store.voices.get(voice.voice_id) == voice
    assert await house.store.moderation.disabled_in(HERE) == set()


async def test_who_speaks_when_nobody_is_named(house: House) -> None:
    """One's choice here, then the newest of one's own, then the server's default, then stock."""

    async def clip(user_id: int, guild_id: int = HERE) -> str | None:
        speaker = await house.voices.speaker(None, user_id=user_id, guild_id=guild_id)
        assert (speaker.user_id, speaker.guild_id) == (user_id, guild_id)
        return speaker.voice.clip_sha256 if isinstance(speaker.voice, ClonedVoice) else None

    first = await house.register(ALICE, "first")
    second = await house.register(ALICE, "second")
    assert await clip(ALICE) == second.clip_sha256
    assert await clip(ALICE, ELSEWHERE) == second.clip_sha256
    await house.keeping.use("first", OWNER)
    assert await clip(ALICE) == first.clip_sha256
    assert await clip(ALICE, ELSEWHERE) == second.clip_sha256
    assert await clip(BOB) is None
    await house.keeping.share("first", OWNER)
    assert await clip(BOB) is None
    await house.keeping.set_default("first", MODERATOR)
    assert await clip(BOB) == first.clip_sha256
    assert await clip(BOB, ELSEWHERE) is None
    await house.keeping.set_default(None, MODERATOR)
    assert await clip(BOB) is None
    await house.keeping.use("first", OTHER)
    assert await clip(BOB) == first.clip_sha256
    await house.keeping.unshare("first", OWNER)
    assert await clip(BOB) is None


async def test_settings_reach_the_engine_within_their_ranges(house: House) -> None:
    await house.register(ALICE, "Mine")
    await house.keeping.adjust("Mine", OWNER, exaggeration=1.2, cfg_weight=0.1, seed=5)
    await house.keeping.adjust("Mine", OWNER, temperature=0.4)
    parameters = (await house.voices.speaker("Mine", user_id=ALICE, guild_id=HERE)).parameters
    assert (parameters.exaggeration, parameters.cfg_weight) == (1.2, 0.1)
    assert (parameters.temperature, parameters.seed) == (0.4, 5)
    for setting, value, told in (
        ("exaggeration", 1.6, "The exaggeration goes from 0.25 to 1.5."),
        ("cfg_weight", -0.1, "The pace goes from 0 to 1."),
        ("temperature", float("nan"), "The temperature goes from 0.3 to 1.5."),
        ("seed", -1, "The seed goes from 0 to 2147483647."),
    ):
        with pytest.raises(UserError, match=f"^{re.escape(told)}$"):
            await house.keeping.adjust("Mine", OWNER, **{setting: value})
    await house.keeping.reset("Mine", OWNER)
    parameters = (await house.voices.speaker("Mine", user_id=ALICE, guild_id=HERE)).parameters
    assert (parameters.exaggeration, parameters.seed) == (0.5, 0)


async def test_ones_own_voice_does_not_hide_the_one_that_is_meant(house: House) -> None:
    """A moderator can take back what others shared, not what they did not share themselves."""
    await house.register(MOD, "Me")
    his = await house.register(BOB, "Me")
    await house.keeping.share("Me", OTHER)
    await house.keeping.share("Me", Person(MOD, HERE))
    assert await house.voices.find("Me", Action.SET_DEFAULT, MODERATOR) != his
    await house.keeping.unshare("Me", Person(MOD, HERE))
    assert await house.voices.find("Me", Action.SET_DEFAULT, MODERATOR) == his


@pytest.mark.parametrize("asked", ["stock:tone", "tone", "Tone"])
async def test_a_stock_voice_can_be_chosen_and_left_again(house: House, asked: str) -> None:
    """By what the list offers or by its name; before one's own, until another is chosen."""
    await house.register(ALICE, "Mine")
    info = await house.executor.engine_info()
    assert await house.keeping.use(asked, OWNER, info) == "tone"
    speaker = await house.voices.speaker(None, user_id=ALICE, guild_id=HERE)
    assert (speaker.voice, speaker.note) == (StockVoice("tone"), None)
    assert await house.voices.used_by(OWNER) is None
    elsewhere = await house.voices.speaker(None, user_id=ALICE, guild_id=ELSEWHERE)
    assert isinstance(elsewhere.voice, ClonedVoice)
    assert await house.keeping.use("Mine", OWNER, info) == "Mine"
    speaker = await house.voices.speaker(None, user_id=ALICE, guild_id=HERE)
    assert isinstance(speaker.voice, ClonedVoice)
    await house.keeping.use("stock:tone", OWNER, info)
    await house.register(ALICE, "Newer")  # whoever registers wants to speak in it
    speaker = await house.voices.speaker(None, user_id=ALICE, guild_id=HERE)
    assert isinstance(speaker.voice, ClonedVoice)


async def test_only_the_engines_stock_voices_can_be_chosen(house: House) -> None:
    known = await house.executor.engine_info()
    for asked, info in (("stock:nobody", known), ("stock:tone", None), ("nobody", known)):
        with pytest.raises(UserError, match="no such voice"):
            await house.keeping.use(asked, OWNER, info)
    assert await house.store.choices.get(ALICE, HERE) is None


async def test_ones_own_voice_comes_before_a_stock_voice_of_its_name(house: House) -> None:
    info = await house.executor.engine_info()
    mine = await house.register(ALICE, "tone")
    await house.keeping.use("tone", OWNER, info)
    assert await house.store.choices.get(ALICE, HERE) == mine.voice_id
    await house.keeping.use("stock:tone", OWNER, info)
    assert await house.store.choices.get(ALICE, HERE) == "tone"
