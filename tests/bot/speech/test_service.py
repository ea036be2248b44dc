"""The speech service: cache before engine, chunks ahead of use, and the truth about who speaks."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from bot.base.metrics import Metrics
from bot.base.objects import FolderObjects
from bot.speech.audio.cache import SpeechCache
from bot.speech.audio.codec import Codec
from bot.speech.audio.opus import decode
from bot.speech.audio.tuning import SPEED_MAX, UNTUNED, Tuning
from bot.speech.service import SpeechService
from bot.speech.speaker import Speaker
from bot.speech.voice_copies import VoiceCopies
from data.store import Store
from engine.errors import DeadlineExceeded, SynthesisFailed
from engine.speech import ClonedVoice, EngineInfo, Priority, SpeechParameters, StockVoice
from tests.bot.speech.tones import Tones, info, service
from tests.store import Clock
from tests.waiting import until


async def speak(service: SpeechService, *chunks: str, speaker: Speaker | None = None) -> list[bool]:
    """Speak chunks; for each, whether it came from the cache."""
    saying = service.saying(chunks, speaker or Speaker())
    return [clip.cached async for clip in saying.clips()]


async def test_the_second_time_comes_from_the_cache_and_asks_no_engine(
    tones: Tones, store: Store, tmp_path: Path
) -> None:
    speech = service(tones, store, tmp_path)
    assert await speak(speech, "one", "two") == [False, False]
    assert await speak(speech, "one", "two") == [True, True]
    assert len(tones.asked) == 2


@pytest.mark.parametrize(
    "change",
    ["text", "voice", "temperature", "seed", "engine version", "codec"],
)
async def test_whatever_changes_the_sound_is_another_rendering(
    tones: Tones, store: Store, tmp_path: Path, change: str
) -> None:
    await speak(service(tones, store, tmp_path), "one")
    speaker, text, kbps = Speaker(), "one", 64
    match change:
        case "text":
            text = "One"
        case "voice":
            speaker = Speaker(voice=StockVoice("ben"))
        case "temperature":
            speaker = Speaker(parameters=SpeechParameters(temperature=0.7))
        case "seed":
            speaker = Speaker(parameters=SpeechParameters(seed=1))
        case "engine version":
            tones.engine = info(version="2")
        case _:
            kbps = 96
    assert await speak(service(tones, store, tmp_path, kbps=kbps), text, speaker=speaker) == [False]


async def test_a_servers_volume_is_a_rendering_of_its_own_that_needs_no_engine(
    tones: Tones, store: Store, tmp_path: Path
) -> None:
    """Made at one volume, known at every other, whichever came first."""
    speech = service(tones, store, tmp_path)
    levels = {}
    for percent in (50, 100, 200):
        saying = speech.saying(["one"], Speaker(volume_percent=percent))
        levels[percent] = level_db(await saying.ogg())
        await speech.settled(lambda _: True)
    assert len(tones.asked) == 1
    assert levels[50] - levels[100] == pytest.approx(-6.02, abs=0.5)
    assert levels[200] - levels[100] == pytest.approx(6.02, abs=0.5)
    for percent in (50, 200):
        assert await speak(speech, "one", speaker=Speaker(volume_percent=percent)) == [True]
    assert len(tones.asked) == 1


async def test_another_volume_cuts_nothing_off(tones: Tones, store: Store, tmp_path: Path) -> None:
    speech = service(tones, store, tmp_path)
    lengths = [
        len(decode(await speech.saying(["one"], Speaker(volume_percent=percent)).ogg()))
        for percent in (100, 70)
    ]
    assert 0 <= lengths[1] - lengths[0] <= 960


async def test_a_members_tuning_is_a_rendering_of_its_own_that_needs_no_engine(
    tones: Tones, store: Store, tmp_path: Path
) -> None:
    speech = service(tones, store, tmp_path)
    lengths = {}
    for tuning in (Tuning(2.0), UNTUNED, Tuning(0.5), Tuning(2.0, 3)):
        speaker = Speaker(tuning=tuning)
        lengths[tuning] = len(decode(await speech.saying(["one"], speaker).ogg()))
        await speech.settled(lambda _: True)
        assert await speak(speech, "one", speaker=speaker) == [True]
    assert len(tones.asked) == 1
    usual = lengths[UNTUNED]
    assert lengths[Tuning(2.0)] == pytest.approx(usual / 2, abs=2000)
    assert lengths[Tuning(0.5)] == pytest.approx(usual * 2, abs=2000)


async def test_what_has_others_waiting_is_said_faster_from_where_it_is(
    tones: Tones, store: Store, tmp_path: Path
) -> None:
    """Never faster than is understood, and nothing of it is kept."""
    speech = service(tones, store, tmp_path)
    saying = speech.saying(["one", "two", "three"], Speaker())
    lengths = []
    async for clip in saying.clips():
        lengths.append(clip.duration_s)
        saying.rate = 1.6 if len(lengths) == 1 else 100.0
    usual, hurried, fastest = lengths
    assert hurried == pytest.approx(usual / 1.6, abs=0.05)
    assert fastest == pytest.approx(usual / SPEED_MAX, abs=0.05)
    again = speech.saying(["two"], Speaker())
    assert [(one.cached, one.duration_s) async for one in again.clips()] == [(True, usual)]


def level_db(ogg: bytes) -> float:
    """RMS of the loud part."""
    pcm = decode(ogg).mean(axis=1)[2000:8000]
    return float(20 * np.log10(np.sqrt(np.mean(np.square(pcm)))))


async def test_nobody_learns_by_its_speed_what_others_had_said(
    tones: Tones, store: Store, tmp_path: Path
) -> None:
    speech = service(tones, store, tmp_path)
    await speak(speech, "one", speaker=Speaker(guild_id=1, user_id=2))
    assert await speak(speech, "one", speaker=Speaker(guild_id=3, user_id=2)) == [True]
    for other in (Speaker(guild_id=1, user_id=4), Speaker()):
        assert await speak(speech, "one", speaker=other) == [False]


async def test_the_first_chunk_goes_first_and_the_next_ones_are_made_ahead(
    tones: Tones, store: Store, tmp_path: Path
) -> None:
    saying = service(tones, store, tmp_path).saying("abcdef", Speaker())
    await asyncio.sleep(0.05)
    assert tones.asked == []
    saying.due(Priority.FIRST_SOUND)
    await until(lambda: tones.asked)
    await asyncio.sleep(0.05)
    assert [request.text for request in tones.asked] == ["a"]
    clips = saying.clips()
    await anext(clips)
    await until(lambda: len(tones.asked) == 3)
    await asyncio.sleep(0.05)
    assert [request.text for request in tones.asked] == ["a", "b", "c"]
    assert [request.priority for request in tones.asked] == [
        Priority.FIRST_SOUND,
        Priority.SPEAKING,
        Priority.LOOK_AHEAD,
    ]
    await clips.aclose()


async def test_giving_a_saying_up_reaches_the_engine(
    tones: Tones, store: Store, tmp_path: Path
) -> None:
    tones.hold.clear()
    saying = service(tones, store, tmp_path).saying(["a", "b"], Speaker())
    saying.due(Priority.FIRST_SOUND)
    await until(lambda: tones.asked)
    saying.cancel()
    await until(lambda: tones.cancelled)
    assert tones.cancelled == ["a"]


async def test_what_waits_in_line_is_made_sooner_when_its_turn_is_near_and_when_it_comes(
    tones: Tones, store: Store, tmp_path: Path
) -> None:
    """Until then it has no deadline, and nothing that is said of it later makes it wait longer."""
    tones.hold.clear()
    saying = service(tones, store, tmp_path).saying("abcdef", Speaker())
    saying.due(Priority.IN_LINE)
    await until(lambda: tones.asked)
    assert [(r.priority, r.deadline_s) for r in tones.asked] == [(Priority.IN_LINE, None)]
    saying.due(Priority.SPEAKING)
    saying.due(Priority.IN_LINE)
    clip = asyncio.create_task(anext(saying.clips()))
    await until(lambda: len(tones.promoted) == 2)
    assert [(r.text, r.priority, r.deadline_s) for r in tones.promoted] == [
        ("a", Priority.SPEAKING, 5),
        ("a", Priority.FIRST_SOUND, 5),
    ]
    assert {r.content_key for r in tones.promoted} == {tones.asked[0].content_key}
    tones.hold.set()
    await clip
    saying.cancel()


async def test_what_is_promoted_before_it_reached_the_engine_comes_there_as_it_is_now(
    tones: Tones, store: Store, tmp_path: Path
) -> None:
    saying = service(tones, store, tmp_path).saying("abc", Speaker())
    saying.due(Priority.IN_LINE)
    saying.due(Priority.FIRST_SOUND)
    await until(lambda: tones.asked)
    assert [request.priority for request in tones.asked] == [Priority.FIRST_SOUND]
    saying.cancel()


async def test_what_was_made_before_a_failure_is_given_out(
    tones: Tones, store: Store, tmp_path: Path
) -> None:
    saying = service(tones, store, tmp_path).saying(["one", "unspeakable", "two"], Speaker())
    clips = saying.clips()
    assert (await anext(clips)).packets
    with pytest.raises(SynthesisFailed, match="cannot be said"):
        await anext(clips)


async def test_a_substitution_is_said_for_cached_speech_as_well(
    tones: Tones, store: Store, tmp_path: Path
) -> None:
    speech = service(tones, store, tmp_path)
    cloned = Speaker(voice=ClonedVoice(clip_sha256="0" * 64, clip_path="gone.flac"))
    for _ in range(2):
        saying = speech.saying(["one"], cloned)
        async for _clip in saying.clips():
            assert saying.substitution is not None
        assert "stock voice is speaking" in str(saying.substitution)
    assert len(tones.asked) == 1
    assert tones.asked[0].voice == StockVoice("anna")


class Loading(Tones):
    """Never gets done with loading."""

    async def engine_info(self) -> EngineInfo:
        await asyncio.Event().wait()
        return self.engine


async def test_nobody_waits_longer_for_an_engine_than_who_waited_first(
    store: Store, tmp_path: Path
) -> None:
    """Messages are read one after the other: each would wait as long as all before it."""
    clock = Clock()
    objects = FolderObjects(tmp_path)
    copies = VoiceCopies(store, objects, tmp_path)
    cache = SpeechCache(objects, store, Codec(-18, -1.5, 64), max_bytes=1000)
    speech = SpeechService(Loading(), cache, copies, Metrics(), deadline_s=60, clock=clock)
    first = asyncio.create_task(speech.engine())
    await asyncio.sleep(0)
    clock.now += 60
    async with asyncio.timeout(60):
        with pytest.raises(DeadlineExceeded, match="not ready yet"):
            await speech.engine()
    first.cancel()
