"""How members sound: by their own choice, within what their moderators decide."""

import pytest
from msgspec.structs import replace

from bot.base.errors import UserError
from bot.live.own_words import OwnWords
from bot.speech.audio.tuning import UNTUNED, Tuning
from bot.speech.speaker import Speaker
from bot.voices.privacy import DeletionReason
from bot.voices.sounds import Sounds
from data.bars import Bar
from data.member_words import WordsKind
from engine.errors import VoiceUnusable
from engine.speech import StockVoice
from tests.bot.house import ALICE, BOB, ELSEWHERE, HERE, MODERATOR, OTHER, OWNER, House
from tests.bot.speech.tones import info


@pytest.fixture
def sounds(house: House) -> Sounds:
    return Sounds(house.store, house.voices, house.speech)


async def test_a_tuning_counts_in_its_server_for_every_voice_until_it_is_taken_back(
    house: House, sounds: Sounds
) -> None:
    await house.register(ALICE, "Mine")
    await sounds.tune(OWNER, speed=1.5)
    await sounds.tune(OWNER, pitch_semitones=-3)
    for asked in (None, "Mine", "stock:anna"):
        speaker = await sounds.speaker(asked, user_id=ALICE, guild_id=HERE)
        assert speaker.tuning == Tuning(1.5, -3)
    for user_id, guild_id in ((ALICE, ELSEWHERE), (BOB, HERE)):
        speaker = await sounds.speaker(None, user_id=user_id, guild_id=guild_id)
        assert speaker.tuning == UNTUNED
    await sounds.tune(OWNER, speed=1.0, pitch_semitones=0)
    assert "member_tunings" not in await house.privacy.counts(ALICE)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"speed": 0.4}, "from 0.5 to 1.75"),
        ({"speed": float("nan")}, "from 0.5 to 1.75"),
        ({"pitch_semitones": 7}, "from -4 to 6 semitones"),
    ],
)
async def test_what_nobody_would_understand_is_refused(
    sounds: Sounds, change: dict[str, float], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        await sounds.tune(OWNER, **change)  # type: ignore[arg-type]


async def test_moderators_decide_how_loud_and_in_which_stock_voice(
    house: House, sounds: Sounds
) -> None:
    """In their server, of one member, and each without touching the other."""
    await house.register(ALICE, "Mine")
    await sounds.set_volume(ALICE, 40, MODERATOR)
    assert await sounds.assign(ALICE, "Ben", MODERATOR, info(), forced=True) == "ben"
    speaker = await sounds.speaker("Mine", user_id=ALICE, guild_id=HERE)
    assert (speaker.voice, speaker.volume_percent) == (StockVoice("ben"), 40)
    told = "The moderators of this server chose the stock voice ben for you."
    assert str(speaker.note) == told
    elsewhere = await sounds.speaker("Mine", user_id=ALICE, guild_id=ELSEWHERE)
    assert (elsewhere.voice.identity[:5], elsewhere.volume_percent) == ("clip:", 100)
    with pytest.raises(UserError, match="chose the stock voice ben"):
        await sounds.require_choice(OWNER)
    assert len(await sounds.decided(ALICE, HERE)) == 2
    await sounds.release(ALICE, MODERATOR)
    await sounds.require_choice(OWNER)
    with pytest.raises(UserError, match="Nobody chose a voice"):
        await sounds.release(ALICE, MODERATOR)
    speaker = await sounds.speaker("Mine", user_id=ALICE, guild_id=HERE)
    assert (speaker.voice.identity[:5], speaker.volume_percent) == ("clip:", 40)
    with pytest.raises(UserError, match="no such stock voice"):
        await sounds.assign(ALICE, "Mine", MODERATOR, info(), forced=True)
    with pytest.raises(UserError, match="from 10 to 200"):
        await sounds.set_volume(ALICE, 0, MODERATOR)
    for change in (
        sounds.set_volume(BOB, 50, OTHER),
        sounds.assign(BOB, "ben", OTHER, info(), forced=True),
        sounds.release(BOB, OTHER),
    ):
        with pytest.raises(UserError, match="may manage the server"):
            await change


async def test_a_voice_that_moderators_choose_unforced_is_the_members_to_change(
    house: House, sounds: Sounds
) -> None:
    await house.register(ALICE, "Mine")
    await sounds.assign(ALICE, "ben", MODERATOR, info(), forced=False)
    assert (await sounds.speaker(None, user_id=ALICE, guild_id=HERE)).voice == StockVoice("ben")
    await sounds.require_choice(OWNER)
    await house.keeping.use("Mine", OWNER)
    speaker = await sounds.speaker(None, user_id=ALICE, guild_id=HERE)
    assert speaker.voice.identity.startswith("clip:")


async def test_deleting_ones_data_undoes_no_decision_unless_the_account_is_gone(
    house: House, sounds: Sounds
) -> None:
    await sounds.tune(OWNER, speed=1.5)
    await sounds.set_volume(ALICE, 40, MODERATOR)
    assert await house.privacy.counts(ALICE) == {
        "users": 1,
        "member_tunings": 1,
        "moderated_sounds": 1,
    }
    await house.privacy.delete(ALICE)
    assert await house.privacy.counts(ALICE) == {"moderated_sounds": 1}
    sound = await sounds.of(ALICE, HERE)
    assert (sound.speed, sound.volume_percent) == (1.0, 40)
    await house.privacy.delete(ALICE, DeletionReason.ACCOUNT_GONE)
    assert await house.privacy.counts(ALICE) == {}
    await sounds.set_volume(ALICE, 40, MODERATOR)
    await sounds.set_volume(ALICE, 100, MODERATOR)
    assert await house.privacy.counts(ALICE) == {}


async def test_a_forced_voice_ends_what_waits_in_another(house: House, sounds: Sounds) -> None:
    """But nothing that was to be said in it already, and nothing of others."""
    await house.register(ALICE, "Mine")
    usual = await sounds.speaker(None, user_id=ALICE, guild_id=HERE)
    forced = Speaker(StockVoice("ben"), guild_id=HERE, user_id=ALICE)
    waiting = house.speech.saying(["hello"], usual)
    already = house.speech.saying(["hello"], forced)
    joined = house.speech.saying(["Alice joined."], replace(forced, voice=StockVoice(), news=True))
    bobs = house.speech.saying(["hello"], replace(usual, user_id=BOB))
    elsewhere = house.speech.saying(["hello"], replace(usual, guild_id=ELSEWHERE))
    await sounds.assign(ALICE, "ben", MODERATOR, info(), forced=True)
    with pytest.raises(VoiceUnusable, match="chose another voice"):
        await waiting.ogg()
    for saying in (already, joined, bobs, elsewhere):
        assert await saying.ogg()


async def test_nobody_speaks_who_is_barred_from_it(house: House, sounds: Sounds) -> None:
    """By command; what they write is read until they are barred from everything."""
    whose = {"user_id": ALICE, "guild_id": HERE}
    words = OwnWords(house.store, house.bars, house.forgetting)
    await words.choose(ALICE, HERE, WordsKind.NAME, "Ally")
    await house.bars.bar(ALICE, Bar.SAY, MODERATOR)
    with pytest.raises(UserError, match="do not let you use the commands"):
        await sounds.speaker(None, **whose)
    assert await sounds.speaker(None, **whose, kind=Bar.EVERYTHING)
    for kind in WordsKind:
        with pytest.raises(UserError, match="do not let you use the commands"):
            await words.choose(ALICE, HERE, kind, "Hello")
    assert await words.choose(ALICE, HERE, WordsKind.NAME, None) is None
    await house.bars.bar(ALICE, Bar.EVERYTHING, MODERATOR)
    with pytest.raises(UserError, match="barred you from using me"):
        await sounds.speaker(None, **whose, kind=Bar.EVERYTHING)
