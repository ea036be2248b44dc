"""Who deletes their data, leaves, or takes a message back is forgotten, voice and words."""

import asyncio
import gc
import io
import json
import zipfile

import pytest

from bot.base.errors import UserError
from bot.live.own_words import OwnWords
from bot.speech.speaker import Speaker
from bot.text import Pronunciations
from bot.voices.consent import CONSENT_TEXT
from bot.voices.place import Person
from data.member_words import WordsKind
from data.rows import OwnName
from engine.errors import VoiceUnusable
from tests.bot.house import ALICE, BOB, ELSEWHERE, HERE, MOD, OTHER, OWNER, House
from tests.engine.scripted_executor import journal, until


async def test_a_deleted_person_is_nowhere(house: House) -> None:
    """Voices, drafts, choices, reports, and what they asked others' voices to say."""
    voice = await house.register(ALICE, "Mine")
    await house.keeping.share("Mine", OWNER)
    bobs = await house.register(BOB, "Bobs")
    await house.keeping.share("Bobs", OTHER)
    await house.keeping.use("Bobs", OWNER)
    await house.moderation.report(BOB, "odd", OWNER)
    await house.languages.choose(ALICE, HERE, "es")
    line = await house.languages.of("no puede ser", ["en"], user_id=ALICE, guild_id=HERE)
    assert house.languages.remark(line, ["en"], user_id=ALICE, guild_id=HERE) is not None
    assert house.languages.remark(line, ["en"], user_id=ALICE, guild_id=HERE) is None
    draft = await house.draft(house.wish(ALICE, "Draft"), b"draft")
    await house.say(voice, "hello there")
    await house.say(bobs, "hello bob", BOB)
    speaking = asyncio.create_task(house.say(bobs, "slow 30", ALICE))
    await until(lambda: "slow 30" in journal(house.home, "begin"))
    assert await house.privacy.delete(ALICE) == (1, True)
    with pytest.raises(VoiceUnusable, match="your data was deleted"):
        await speaking
    with pytest.raises(UserError, match="gone already"):
        await house.registration.keep(draft)
    assert house.traces(voice.clip_sha256) == []
    assert house.traces(draft.clip.sha256) == []
    assert await house.privacy.counts(ALICE) == {"pauses": 1}  # before the next report
    house.clock.now += 100
    assert await house.privacy.counts(ALICE) == {}
    assert await house.languages.chosen(ALICE, HERE) is None
    assert house.languages.remark(line, ["en"], user_id=ALICE, guild_id=HERE) is not None
    assert len(house.files()) == 3  # Bob's clip, its enrolment and one rendering
    assert await house.say(bobs, "hello bob", BOB)
    assert await house.privacy.delete(ALICE) == (0, True)


async def test_an_export_has_every_row_and_clip(house: House) -> None:
    voice = await house.register(ALICE, "Mine/../x")
    await house.register(BOB, "Bobs")
    await house.say(voice, "hello there")
    await house.moderation.report(BOB, "odd", OWNER)
    await house.languages.choose(ALICE, HERE, "es")
    async with house.privacy.exported(ALICE) as content:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            data = json.loads(archive.read("data.json"))
            clip = archive.read(f"clips/{voice.voice_id}.flac")
            agreed = archive.read(f"consent/{voice.consent_version}.txt").decode()
            assert len(archive.namelist()) == 3
    assert clip == (house.home / voice.clip_path).read_bytes()
    assert agreed == CONSENT_TEXT
    assert data["voices"][0]["name"] == "Mine/../x"
    assert data["voices"][0]["owner_id"] == str(ALICE)
    assert data["member_languages"][0]["language"] == "es"
    assert data["reports"][0]["reason"] == "odd"
    assert {table: len(rows) for table, rows in data.items() if rows} == (
        await house.privacy.counts(ALICE)
    )
    assert "Bobs" not in json.dumps(data)


async def test_words_in_somebody_elses_voice_go_with_who_had_them_said(house: House) -> None:
    """Those that are just being written too; and nothing of theirs begins meanwhile."""
    bobs = await house.register(BOB, "Bobs")
    await house.say(bobs, "hello", BOB)
    others = house.files()
    for number in range(8):
        await house.say(bobs, f"my diagnosis {number}")
        saying = asyncio.create_task(house.say(bobs, f"is known to nobody {number}"))
        await asyncio.sleep(0.002 * number)
        await house.privacy.delete(ALICE)
        await asyncio.wait({saying})
        assert house.files() == others, number
        assert await house.privacy.counts(ALICE) == {}


async def read_aloud(house: House, text: str, message_id: int, user_id: int = ALICE) -> set[str]:
    """The files that come of reading a message aloud."""
    before = house.files()
    speaker = Speaker(guild_id=HERE, user_id=user_id, message_id=message_id)
    await house.speech.saying([text], speaker).ogg()
    return house.files() - before


async def test_a_message_takes_with_it_what_was_read_of_it(house: House) -> None:
    one = await read_aloud(house, "one", 1)
    both = await read_aloud(house, "both", 1)
    assert await read_aloud(house, "both", 2) == set()
    await house.forgetting.message(1)
    assert house.files() == both
    assert one
    await house.forgetting.message(2)
    assert house.files() == set()


async def test_a_member_takes_with_them_what_they_had_said_in_a_server(house: House) -> None:
    await read_aloud(house, "here", 1)
    bobs = await read_aloud(house, "bob", 2, BOB)
    there = Speaker(guild_id=ELSEWHERE, user_id=ALICE, message_id=3)
    await house.speech.saying(["there"], there).ogg()
    await house.forgetting.member(ALICE, HERE)
    assert bobs < house.files()
    assert len(house.files()) == 2


async def naming(house: House, text: str, name: str, user_id: int = BOB) -> bytes:
    """What Bob says in which Alice is called by the name that she chose."""
    own = (OwnName(ALICE, name),)
    speaker = Speaker(guild_id=HERE, user_id=user_id, own_names=own)
    return await house.speech.saying([text], speaker).ogg()


async def test_a_chosen_name_takes_with_it_what_others_said_with_it(house: House) -> None:
    """Another name does, and so does the deletion of whose it is; also what is being made."""
    words = OwnWords(house.store, house.bars, house.forgetting)
    await words.choose(ALICE, HERE, WordsKind.NAME, "Ally")
    await naming(house, "hello Ally", "Ally")
    without = await read_aloud(house, "hello there", 1, BOB)
    await words.choose(ALICE, HERE, WordsKind.NAME, "Ally")
    assert len(house.files()) == 2
    saying = asyncio.create_task(naming(house, "slow 1 Ally", "Ally"))
    await until(lambda: "slow 1 Ally" in journal(house.home, "begin"))
    await words.choose(ALICE, HERE, WordsKind.NAME, "Lissy")
    assert await saying
    assert house.files() == without
    # What Bob typed himself is his, until it is the name by which Alice is called.
    await read_aloud(house, "hello Lissy", 2, BOB)
    await naming(house, "hello Lissy", "Lissy")
    await naming(house, "slow 0.1 Lissy", "Lissy")
    await house.privacy.delete(ALICE)
    assert house.files() == without
    await naming(house, "hello Lissy", "Lissy")  # was on its way
    assert house.files() == without


async def test_a_chosen_name_goes_with_its_server(house: House) -> None:
    words = OwnWords(house.store, house.bars, house.forgetting)
    await words.choose(ALICE, HERE, WordsKind.NAME, "Ally")
    there = Speaker(guild_id=ELSEWHERE, user_id=BOB)
    await naming(house, "hello Ally", "Ally")
    await house.speech.saying(["hello Ally"], there).ogg()
    await house.forgetting.guild(HERE)
    assert house.files() == set()


async def here_is_gone(house: House, *, days: int) -> None:
    await house.store.departed_guilds.departed(HERE)
    house.clock.now += days * 86_400
    await house.janitor.connected([ELSEWHERE])


async def test_a_server_that_is_gone_for_long_is_cleaned(house: House) -> None:
    left = await house.register(ALICE, "Left behind")
    travels = await house.register(BOB, "Travels")
    await house.keeping.use("Travels", Person(BOB, ELSEWHERE))
    await house.store.choices.choose(MOD, ELSEWHERE, "heart")  # a stock voice keeps none of both
    await house.say(left, "hello there")
    await read_aloud(house, "in a stock voice", 1)
    await house.store.departed_guilds.departed(HERE)
    house.clock.now += 7 * 86_400 - 1
    await house.janitor.connected([ELSEWHERE])
    assert await house.store.voices.get(left.voice_id) == left
    house.clock.now += 1
    await house.janitor.connected([ELSEWHERE])
    assert house.files() == {travels.clip_path}
    assert house.traces(left.clip_sha256) == []
    assert house.traces(str(HERE)) == []
    assert await house.privacy.counts(ALICE) == {}


async def test_what_was_reported_in_a_server_that_is_gone_is_nowhere(house: House) -> None:
    """Not in the database's files either, where no voice went with the server."""
    await house.register(ALICE, "Travels")
    await house.keeping.use("Travels", Person(ALICE, ELSEWHERE))
    await house.moderation.report(ALICE, "sounds like a kettle", OTHER)
    assert house.traces("like a kettle")
    await here_is_gone(house, days=30)
    assert house.traces("like a kettle") == []


async def test_a_voice_that_is_spoken_in_elsewhere_does_not_go_with_a_server(house: House) -> None:
    """Also where its owner never chose it: it was the only one they have."""
    voice = await house.register(ALICE, "Mine")
    await house.voices.speaker(None, user_id=ALICE, guild_id=ELSEWHERE)
    await here_is_gone(house, days=30)
    assert house.files() == {voice.clip_path}
    await house.keeping.use("Mine", OWNER)
    newer = await house.register(ALICE, "Newer")
    speaker = await house.voices.speaker(None, user_id=ALICE, guild_id=ELSEWHERE)
    assert speaker.voice.clip_sha256 != newer.clip_sha256


async def test_a_server_that_has_the_bot_back_keeps_what_it_had(house: House) -> None:
    """Also where it invited the bot while that was down, until after the grace period."""
    voice = await house.register(ALICE, "Mine")
    await house.store.departed_guilds.departed(HERE)
    house.clock.now += 30 * 86_400
    await house.janitor.start()
    await house.janitor.connected([HERE])
    assert await house.store.voices.get(voice.voice_id) == voice


async def test_exports_are_made_two_at_a_time_and_refused_where_many_wait(house: House) -> None:
    """Each is in memory as a whole until it is sent."""
    sent, at_once, most = asyncio.Event(), 0, 0

    async def export() -> None:
        nonlocal at_once, most
        async with house.privacy.exported(ALICE):
            at_once += 1
            most = max(most, at_once)
            await sent.wait()
            at_once -= 1

    tasks = [asyncio.create_task(export()) for _ in range(60)]
    await until(lambda: at_once == 2)
    sent.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert most == 2
    assert sum(isinstance(result, UserError) for result in results) == 8


async def test_a_persons_pronunciations_go_from_memory_too(house: House) -> None:
    await house.pronouncing.add("brb", "bathroom", user_id=ALICE)
    for user_id in (ALICE, BOB):
        await house.pronouncing.of(HERE, user_id)
    kept = [one for one in gc.get_objects() if type(one) is Pronunciations]
    assert any("brb" in one.user for one in kept)
    del kept
    await house.privacy.delete(ALICE)
    assert not any("brb" in o.user for o in gc.get_objects() if type(o) is Pronunciations)
