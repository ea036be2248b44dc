"""The speech service: cache before engine, chunks ahead of use, and the truth about who speaks."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from bot.base.metrics import Metrics
from bot.speech.audio.cache import SpeechCache
from bot.speech.audio.codec import Codec
from bot.speech.audio.opus import decode
from bot.speech.service import Speaker, SpeechService, available_voice
from data.store import Store
from engine.errors import SynthesisFailed
from engine.executor import ExecutorStatus
from engine.speech import (
    ClonedVoice,
    EngineInfo,
    Priority,
    Speech,
    SpeechParameters,
    SpeechRequest,
    StockVoice,
)


def info(*, clones: bool = False, version: str = "1") -> EngineInfo:
    return EngineInfo(
        name="tones",
        model="sine",
        revision="0",
        version=version,
        sample_rate=24_000,
        device="cpu",
        precision="fp32",
        reason="It is all there is.",
        stock_voices=("anna", "ben"),
        clones_voices=clones,
    )


class Tones:
    """An executor that makes a short tone of every request, in this process."""

    def __init__(self) -> None:
        self.engine = info()
        self.asked: list[SpeechRequest] = []
        self.cancelled: list[str] = []
        self.hold = asyncio.Event()
        self.hold.set()

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def engine_info(self) -> EngineInfo:
        return self.engine

    def status(self) -> ExecutorStatus:
        return ExecutorStatus(
            state="ready", detail="", engine=self.engine, queued=0, running=0, restarts=0
        )

    async def synthesise(self, request: SpeechRequest) -> Speech:
        self.asked.append(request)
        try:
            await self.hold.wait()
        except asyncio.CancelledError:
            self.cancelled.append(request.text)
            raise
        if request.text == "unspeakable":
            raise SynthesisFailed("That cannot be said.")
        t = np.arange(4800) / 24_000
        pcm = (0.2 * np.sin(2 * np.pi * 300 * t)).astype(np.float32)
        return Speech(pcm=pcm, sample_rate=24_000)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path / "timbre.db")
    yield store
    await store.close()


@pytest.fixture
def tones() -> Tones:
    return Tones()


def service(tones: Tones, store: Store, home: Path, *, kbps: int = 64) -> SpeechService:
    cache = SpeechCache(home, store, Codec(-18, -1.5, kbps), max_bytes=10_000_000)
    return SpeechService(tones, cache, Metrics(), deadline_s=5)


async def speak(service: SpeechService, *chunks: str, speaker: Speaker | None = None) -> list[bool]:
    """Speak chunks; for each, whether it came from the cache."""
    utterance = service.utterance(chunks, speaker or Speaker())
    return [clip.cached async for clip in utterance.clips()]


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
        utterance = speech.utterance(["one"], Speaker(volume_percent=percent))
        levels[percent] = level_db(await utterance.ogg())
        await speech.settled(StockVoice("anna"))
    assert len(tones.asked) == 1
    assert levels[50] - levels[100] == pytest.approx(-6.02, abs=0.5)
    assert levels[200] - levels[100] == pytest.approx(6.02, abs=0.5)
    for percent in (50, 200):
        assert await speak(speech, "one", speaker=Speaker(volume_percent=percent)) == [True]
    assert len(tones.asked) == 1


async def test_another_volume_cuts_nothing_off(tones: Tones, store: Store, tmp_path: Path) -> None:
    speech = service(tones, store, tmp_path)
    lengths = [
        len(decode(await speech.utterance(["one"], Speaker(volume_percent=percent)).ogg()))
        for percent in (100, 70)
    ]
    assert 0 <= lengths[1] - lengths[0] <= 960


def level_db(ogg: bytes) -> float:
    """RMS of the loud part."""
    pcm = decode(ogg).mean(axis=1)[2000:8000]
    return float(20 * np.log10(np.sqrt(np.mean(np.square(pcm)))))


async def test_who_asks_does_not_matter_to_the_cache(
    tones: Tones, store: Store, tmp_path: Path
) -> None:
    speech = service(tones, store, tmp_path)
    await speak(speech, "one", speaker=Speaker(guild_id=1, user_id=2))
    assert await speak(speech, "one", speaker=Speaker(guild_id=3, user_id=4)) == [True]


async def test_the_first_chunk_goes_first_and_the_next_ones_are_made_ahead(
    tones: Tones, store: Store, tmp_path: Path
) -> None:
    utterance = service(tones, store, tmp_path).utterance("abcdef", Speaker())
    await asyncio.sleep(0.05)
    assert [request.text for request in tones.asked] == ["a"]
    clips = utterance.clips()
    await anext(clips)
    await asyncio.sleep(0.05)
    assert [request.text for request in tones.asked] == ["a", "b", "c"]
    assert [request.priority for request in tones.asked] == [
        Priority.FIRST_SOUND,
        Priority.SPEAKING,
        Priority.LOOK_AHEAD,
    ]
    await clips.aclose()


async def test_giving_an_utterance_up_reaches_the_engine(
    tones: Tones, store: Store, tmp_path: Path
) -> None:
    tones.hold.clear()
    utterance = service(tones, store, tmp_path).utterance(["a", "b"], Speaker())
    await asyncio.sleep(0.05)
    utterance.cancel()
    await asyncio.sleep(0.05)
    assert tones.cancelled == ["a"]


async def test_what_was_made_before_a_failure_is_given_out(
    tones: Tones, store: Store, tmp_path: Path
) -> None:
    utterance = service(tones, store, tmp_path).utterance(["one", "unspeakable", "two"], Speaker())
    clips = utterance.clips()
    assert (await anext(clips)).packets
    with pytest.raises(SynthesisFailed, match="cannot be said"):
        await anext(clips)


async def test_a_substitution_is_said_for_cached_speech_as_well(
    tones: Tones, store: Store, tmp_path: Path
) -> None:
    speech = service(tones, store, tmp_path)
    cloned = Speaker(voice=ClonedVoice(clip_sha256="0" * 64, clip_path="gone.flac"))
    for _ in range(2):
        utterance = speech.utterance(["one"], cloned)
        async for _clip in utterance.clips():
            assert utterance.substitution is not None
        assert "stock voice is speaking instead of the cloned one" in str(utterance.substitution)
    assert len(tones.asked) == 1
    assert tones.asked[0].voice == StockVoice("anna")


def test_which_voice_speaks() -> None:
    cloned = ClonedVoice(clip_sha256="0" * 64, clip_path="clip.flac")
    assert available_voice(cloned, info(clones=True)) == (cloned, None)
    assert available_voice(StockVoice(), info()) == (StockVoice("anna"), None)
    assert available_voice(StockVoice("ben"), info()) == (StockVoice("ben"), None)
    voice, said = available_voice(StockVoice("carl"), info())
    assert voice == StockVoice("anna")
    assert "carl" in str(said)
