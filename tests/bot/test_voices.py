"""Voices are used and changed by those who may, whatever ids are sent."""

import pytest

from bot.errors import UserError
from bot.voice_rights import Action, permitted
from bot.voices import Person
from engine.speech import ClonedVoice, StockVoice
from tests.bot.house import ALICE, BOB, BOSS, ELSEWHERE, HERE, MOD, House

OWNER = Person(ALICE, HERE)
OTHER = Person(BOB, HERE)
PEOPLE = {
    "owner": OWNER,
    "other": OTHER,
    "other elsewhere": Person(BOB, ELSEWHERE),
    "moderator": Person(MOD, HERE, moderates=True),
    "moderator elsewhere": Person(MOD, ELSEWHERE, moderates=True),
    "who runs the bot": Person(BOSS, ELSEWHERE, runs_the_bot=True),
}


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("who", PEOPLE)
async def test_a_forged_id_opens_no_more_than_the_table_says(
    house: House, who: str, shared: bool
) -> None:
    """Every action by id and by name: allowed where the rights say so, refused otherwise."""
    voice = await house.register(ALICE, "Mine")
    if shared:
        await house.keeping.share("Mine", OWNER)
    person = PEOPLE[who]
    here = person.guild_id == HERE
    standings = await house.voices.standings(voice, person)
    assert {standing.name for standing in standings} == {"OTHER"} | (
        {"OWNER"} if who == "owner" else set()
    ) | ({"SHARED_WITH"} if shared and here else set()) | (
        {"MODERATOR"} if who == "moderator" else set()
    ) | ({"BOT_OWNER"} if who == "who runs the bot" else set())
    for action in Action:
        for asked in (f"voice:{voice.voice_id}", "Mine", "mine"):
            if permitted(action, standings, disabled=False) and (
                asked.startswith("voice:") or permitted(Action.SEE, standings, disabled=False)
            ):
                assert await house.voices.find(asked, action, person) == voice
            else:
                with pytest.raises(UserError, match=r"no such voice|may not do that"):
                    await house.voices.find(asked, action, person)


@pytest.mark.parametrize("asked", ["voice:", "voice:-1", "voice:9" * 9, "voice:١", "", "x" * 100])
async def test_nonsense_names_no_voice(house: House, asked: str) -> None:
    await house.register(ALICE, "Mine")
    with pytest.raises(UserError, match="no such voice"):
        await house.voices.find(asked, Action.SPEAK, OWNER)


async def test_each_change_is_refused_to_others(house: House) -> None:
    """Not only the table: the services that change things ask it."""
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
        house.moderation.disable_everywhere(value, Person(MOD, HERE, moderates=True)),
        house.moderation.enable_everywhere(value, Person(MOD, HERE, moderates=True)),
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
    moderator = Person(MOD, HERE, moderates=True)
    await house.keeping.set_default("first", moderator)
    assert await clip(BOB) == first.clip_sha256
    assert await clip(BOB, ELSEWHERE) is None
    await house.keeping.set_default(None, moderator)
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
    for wrong in ({"exaggeration": 1.6}, {"cfg_weight": -0.1}, {"temperature": float("nan")}):
        with pytest.raises(UserError, match="goes from"):
            await house.keeping.adjust("Mine", OWNER, **wrong)  # type: ignore[arg-type]
    await house.keeping.reset("Mine", OWNER)
    parameters = (await house.voices.speaker("Mine", user_id=ALICE, guild_id=HERE)).parameters
    assert (parameters.exaggeration, parameters.seed) == (0.5, 0)


async def test_a_disabled_voice_speaks_nowhere_it_is_disabled(house: House) -> None:
    voice = await house.register(ALICE, "Mine")
    await house.moderation.disable("Mine", Person(MOD, HERE, moderates=True))
    with pytest.raises(UserError, match="disabled here"):
        await house.voices.speaker("Mine", user_id=ALICE, guild_id=HERE)
    usual = await house.voices.speaker(None, user_id=ALICE, guild_id=HERE)
    assert isinstance(usual.voice, StockVoice)
    assert usual.note == "The voice Mine is disabled here, so another one is speaking."
    elsewhere = await house.voices.speaker("Mine", user_id=ALICE, guild_id=ELSEWHERE)
    assert isinstance(elsewhere.voice, ClonedVoice)
    boss = Person(BOSS, 0, runs_the_bot=True)
    await house.moderation.disable_everywhere(f"voice:{voice.voice_id}", boss)
    with pytest.raises(UserError, match="disabled here"):
        await house.voices.speaker("Mine", user_id=ALICE, guild_id=ELSEWHERE)
    await house.moderation.enable_everywhere("Mine", boss)
    await house.voices.speaker("Mine", user_id=ALICE, guild_id=ELSEWHERE)
    with pytest.raises(UserError, match="disabled here"):
        await house.voices.speaker("Mine", user_id=ALICE, guild_id=HERE)
    await house.moderation.enable("Mine", Person(MOD, HERE, moderates=True))
    await house.voices.speaker("Mine", user_id=ALICE, guild_id=HERE)


async def test_a_report_is_about_the_voice_somebody_speaks_with(house: House) -> None:
    """The reporter learns nothing of it; a second report has to wait."""
    with pytest.raises(UserError, match="stock voice"):
        await house.moderation.report(ALICE, "odd", OTHER)
    voice = await house.register(ALICE, "Mine")
    await house.moderation.report(ALICE, "odd", OTHER)
    with pytest.raises(UserError, match="try again in 30 s"):
        await house.moderation.report(ALICE, "odd", OTHER)
    [(about, report)] = await house.moderation.reports(Person(MOD, HERE, moderates=True))
    assert (about, report.reason, report.user_id) == (voice, "odd", BOB)
    assert await house.moderation.reports(Person(MOD, ELSEWHERE, moderates=True)) == []
