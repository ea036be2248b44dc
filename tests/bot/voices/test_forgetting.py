"""Who is forgotten is forgotten: in the queue, in the worker, on disk and in the database."""

import asyncio

import pytest

from bot.channel.line import Line
from bot.channel.playback import Playback
from bot.channel.source import OpusQueueSource
from bot.channel.speaker import LineSpeaker
from bot.speech.audio.opus import SILENCE
from data.rows import VoiceRow
from engine.errors import VoiceUnusable
from engine.speech import Priority
from tests.bot.house import ALICE, BOB, MOD, OTHER, OWNER, House
from tests.engine.scripted_executor import journal, until


async def test_a_deleted_voice_is_nowhere(house: House) -> None:
    voice = await house.register(ALICE, "Mine")
    await house.say(voice, "hello there")
    assert len(house.files()) == 3  # clip, conditionals, speech
    assert house.traces(voice.clip_sha256)
    await house.keeping.delete("Mine", OWNER)
    assert house.files() == set()
    assert house.traces(voice.clip_sha256) == []
    assert house.traces("Mine") == []
    assert journal(house.home, "forgot") == [f"clip:{ALICE}:{voice.clip_sha256}"]


async def test_what_is_being_said_in_a_deleted_voice_ends_and_leaves_nothing(house: House) -> None:
    """Jobs at work and in the queue are cancelled, whoever asked; the listeners are told."""
    voice = await house.register(ALICE, "Mine")
    at_work = asyncio.create_task(house.say(voice, "slow 30"))
    queued = asyncio.create_task(house.say(voice, "hello queue", BOB))
    await until(lambda: journal(house.home, "begin"))
    async with asyncio.timeout(60):
        await house.forgetting.voices([voice])
    for task in (at_work, queued):
        with pytest.raises(VoiceUnusable, match="was deleted"):
            await task
    assert journal(house.home, "cancelled") == ["slow 30"]
    assert "hello queue" not in journal(house.home, "spoke")
    assert house.files() == set()
    assert house.traces(voice.clip_sha256) == []


async def test_what_is_ready_to_sound_in_a_deleted_voice_is_never_heard(house: House) -> None:
    """Although all of it was made before: packets wait for their turn to sound."""
    voice = await house.register(ALICE, "Mine")
    speaker = house.voices.as_speaker(voice, OTHER)
    source, line = OpusQueueSource(lambda: True), Line()
    speaking = LineSpeaker(line, source, lambda: None)

    def said(*texts: str) -> Playback:
        utterance = house.speech.saying(texts, speaker)
        utterance.due(Priority.IN_LINE)
        playback = Playback(
            utterance,
            author_id=BOB,
            label="",
            on_cancel=lambda p: None if line.remove(p) else speaking.stop_current(),
        )
        line.add(playback)
        return playback

    sounding, waiting = said("one", "two"), said("three")
    speaking.go_on()
    async with asyncio.timeout(60):
        while not sounding.started.done():
            source.read()
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.3)  # the second chunk is ready by now
        await house.keeping.delete("Mine", OWNER)
        for playback in (sounding, waiting):
            with pytest.raises(VoiceUnusable, match="was deleted"):
                await playback.finished
    assert {source.read() for _ in range(20)} <= {SILENCE, b""}
    assert line.take() is None


async def while_the_worker_is_busy(house: House, voice: VoiceRow) -> asyncio.Future[object]:
    """A deletion that has to wait for a step, which ends with `let_go`."""
    other = await house.register(BOB, "Other")
    busy = asyncio.create_task(house.say(other, "held", BOB))
    await until(lambda: "held" in journal(house.home, "begin"))
    deleting = asyncio.create_task(house.forgetting.voices([voice]))
    await asyncio.sleep(0.1)
    assert not deleting.done()
    return asyncio.gather(busy, deleting)


def let_go(house: House) -> None:
    (house.home / "released").touch()


async def test_nothing_begins_in_a_voice_while_it_is_being_deleted(house: House) -> None:
    voice = await house.register(ALICE, "Mine")
    await house.say(voice, "hello there")
    deleting = await while_the_worker_is_busy(house, voice)
    for text in ("late words", "hello there"):  # the latter is in the cache
        with pytest.raises(VoiceUnusable, match="was deleted"):
            await house.say(voice, text)
    let_go(house)
    await deleting
    assert house.traces(voice.clip_sha256) == []
    assert len(house.files()) == 3  # of the other one's
    assert "late words" not in journal(house.home, "spoke")


async def test_a_clip_that_comes_while_its_voice_is_being_deleted_goes_too(house: House) -> None:
    voice = await house.register(ALICE, "Mine", b"former")
    draft = await house.draft(house.wish(ALICE, "Mine", replaces=voice), b"newer")
    deleting = await while_the_worker_is_busy(house, voice)
    keeping = asyncio.create_task(house.registration.keep(draft))
    await asyncio.sleep(0.1)
    let_go(house)
    await asyncio.wait({deleting, keeping})
    assert await house.store.voices.of_owner(ALICE) == []
    assert len(house.files()) == 3
    assert house.traces(draft.clip.sha256) == []


async def test_two_voices_with_one_clip_that_go_at_once_leave_nothing(house: House) -> None:
    one = await house.register(ALICE, "One", b"the same")
    other = await house.register(ALICE, "Other", b"the same")
    await house.say(one, "hello there")
    await asyncio.gather(house.forgetting.voices([one]), house.forgetting.voices([other]))
    assert house.files() == set()
    assert journal(house.home, "forgot") == [f"clip:{ALICE}:{one.clip_sha256}"]


async def test_who_begins_anew_while_they_are_being_deleted_begins_afterwards(
    house: House,
) -> None:
    voice = await house.register(ALICE, "Mine")
    busy = await while_the_worker_is_busy(house, voice)
    leaving = asyncio.create_task(house.privacy.delete(ALICE))
    await asyncio.sleep(0.1)
    anew = asyncio.create_task(house.register(ALICE, "New", b"new"))
    await asyncio.sleep(0.1)
    let_go(house)
    await asyncio.gather(busy, leaving, anew)
    assert await house.store.voices.of_owner(ALICE) == [anew.result()]
    assert len(house.files()) == 4  # three of the other one's, and the new clip


async def test_speech_that_is_just_being_written_is_gone_too(house: House) -> None:
    for number in range(12):
        voice = await house.register(ALICE, f"Mine {number}")
        saying = asyncio.create_task(house.say(voice, f"hello {number}"))
        await asyncio.sleep(0.002 * number)
        await house.forgetting.voices([voice])
        await asyncio.wait({saying})
        assert saying.exception() is None or isinstance(saying.exception(), VoiceUnusable)
        assert house.files() == set(), number
        assert house.traces(voice.clip_sha256) == [], number


async def test_what_another_voice_of_the_same_owner_needs_stays(house: House) -> None:
    one = await house.register(ALICE, "One", b"the same")
    other = await house.register(ALICE, "Other", b"the same")
    await house.say(other, "hello there")
    before = house.files()
    await house.forgetting.voices([one])
    assert before - house.files() == {one.clip_path}
    await house.forgetting.voices([other])
    assert house.files() == set()


async def test_two_owners_of_one_recording_share_nothing(house: House) -> None:
    """As they could become before that was refused. Neither learns what the other had said."""
    hers = await house.register(ALICE, "Hers", b"the same")
    his = await house.copied(hers, BOB)
    await house.say(hers, "hello there", MOD)
    first = house.files()
    await house.say(his, "hello there", MOD)
    assert len(house.files() - first) == 2  # analysed and spoken anew
    assert (await house.privacy.counts(BOB))["speech_cache"] == 1
    await house.forgetting.voices([hers])
    assert not first & house.files() - {his.clip_path}
    assert len(house.files()) == 3
    await house.say(his, "hello there", MOD)
    await house.forgetting.voices([his])
    assert house.files() == set()
    assert house.traces(hers.clip_sha256) == []


async def test_who_was_to_speak_in_a_voice_before_it_was_deleted_brings_nothing_back(
    house: House,
) -> None:
    """The engine may have the clip in its memory, and would derive it anew."""
    voice = await house.register(ALICE, "Mine")
    speaker = house.voices.as_speaker(voice, OWNER)
    assert await house.speech.saying(["hello"], speaker).ogg()
    await house.keeping.delete("Mine", OWNER)
    with pytest.raises(VoiceUnusable, match="was deleted"):
        await house.speech.saying(["hello again"], speaker).ogg()
    assert house.files() == set()
    assert house.traces(voice.clip_sha256) == []
