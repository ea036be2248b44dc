"""Whole utterances: by length of text, with a cold and a warm voice, from the cache, and many."""

import statistics
import time
from dataclasses import dataclass, replace
from pathlib import Path

import soundfile

from engine.bench.memory import OurMemory, measure_ours
from engine.bench.setting import TOKENS_PER_SECOND, Scale, Setting, tokens_for
from engine.bench.speakers import (
    OurSpeaker,
    Speaker,
    Spoken,
    UpstreamSpeaker,
    allocated_gib,
    peak_memory,
    silent,
    voice_of,
)
from engine.speech import FloatArray, SpeechRequest
from engine.upstream.random_weights import synthetic_voice

SAMPLE_RATE = 24_000
TEXT = (
    "Good evening, everybody. The night train to the coast leaves from platform nine in about ten "
    "minutes, so please have your tickets ready and keep your luggage close to you. The dining car "
    "is open."
)


@dataclass(frozen=True)
class UtteranceTiming:
    """One scenario, equal speech tokens for both. Times in milliseconds, of `audio_s` of speech.

    `upstream_ms` is None where upstream has nothing to compare with.
    """

    scenario: str
    characters: int
    audio_s: float
    upstream_ms: float | None
    ours_ms: float
    upstream_stage_ms: dict[str, float]
    ours_stage_ms: dict[str, float]


def write_clips(folder: Path, seconds: int) -> list[Path]:
    """Three synthetic voices as clips: not people, and no speech."""
    paths = []
    for pitch_hz in (105.0, 160.0, 230.0):
        path = folder / f"voice_{pitch_hz:.0f}hz.wav"
        soundfile.write(path, synthetic_voice(pitch_hz, seconds), SAMPLE_RATE)
        paths.append(path)
    return paths


def time_by_text(
    ours: OurSpeaker, upstream: UpstreamSpeaker, characters: int, scale: Scale
) -> UtteranceTiming:
    """A warm voice saying a text of this length."""
    tokens = tokens_for(characters)
    text = TEXT[:characters]
    here, there = _in_turn(ours, upstream, text, tokens, scale)
    return _timing(f"{characters} characters", characters, there, here)


def time_voices(
    ours: OurSpeaker, upstream: UpstreamSpeaker, clips: list[Path], setting: Setting
) -> list[UtteranceTiming]:
    """A voice's first use, its next use, its first after a restart, and cached speech.

    The first clip warms up what is loaded once and never again; the second is the cold voice.
    Leaves both recordings of ours in the output folder.
    """
    tokens = setting.scale.utterance_seconds * TOKENS_PER_SECOND
    characters = min(len(TEXT), 140)
    text = TEXT[:characters]
    speakers: tuple[Speaker, Speaker] = (ours, upstream)
    for speaker in speakers:
        speaker.enrol(clips[0])
    for _ in range(setting.scale.warm_ups):
        ours.speak(text, tokens)
    cold = [_cold(speaker, clips[1], text, tokens) for speaker in speakers]
    warm = _in_turn(ours, upstream, text, tokens, setting.scale)
    for name, spoken in (("cold", cold[0]), ("warm", warm[0])):
        if silent(spoken.pcm):
            raise RuntimeError(f"the {name} voice said nothing")
        soundfile.write(setting.out / f"voiceclone_{name}.wav", spoken.pcm, SAMPLE_RATE)
    ours.restart_enrolment()
    restarted = _cold(ours, clips[1], text, tokens)
    request = SpeechRequest(text=text, voice=voice_of(clips[1]))
    cached = _cached(request, warm[0].pcm, setting.out)
    return [
        _timing("cold voice", characters, cold[1], cold[0]),
        _timing("warm voice", characters, warm[1], warm[0]),
        _alone("voice after a restart", characters, restarted),
        _alone("cached speech", characters, Spoken(warm[0].pcm, cached)),
    ]


@dataclass(frozen=True)
class MemoryFigures:
    """GiB of tensors at most: ours with several streams, upstream with one. None on a CPU."""

    streams: int
    ours: OurMemory | None
    upstream_gib: float | None


def measure_memory(
    upstream: UpstreamSpeaker, upstream_gib: float, setting: Setting
) -> MemoryFigures:
    """Ours in a process of its own; of upstream's peak what is ours is taken off.

    `upstream_gib` is what upstream's weights take.
    """
    tokens = setting.scale.utterance_seconds * TOKENS_PER_SECOND
    ours_gib = allocated_gib(setting.device) - upstream_gib
    with peak_memory(setting.device) as upstream_peak:
        upstream.speak(TEXT[:140], tokens)
    return MemoryFigures(
        setting.scale.memory_streams,
        measure_ours(setting, tokens),
        upstream_peak[0] - ours_gib if upstream_peak else None,
    )


def _in_turn(
    ours: OurSpeaker, upstream: UpstreamSpeaker, text: str, tokens: int, scale: Scale
) -> tuple[Spoken, Spoken]:
    """Each one's median run, after ours that warm up."""
    for _ in range(scale.warm_ups):
        ours.speak(text, tokens)
    here, there = [], []
    for repeat in range(scale.repeats):
        here.append(ours.speak(text, tokens))
        if repeat < 2:  # seconds each, and steady
            there.append(upstream.speak(text, tokens))
    return _median(here), _median(there)


def _median(runs: list[Spoken]) -> Spoken:
    middle = statistics.median_low(run.total_ms for run in runs)
    return next(run for run in runs if run.total_ms == middle)


def _cold(speaker: Speaker, clip: Path, text: str, tokens: int) -> Spoken:
    enrolment_ms = speaker.enrol(clip)
    spoken = speaker.speak(text, tokens)
    stages = {"enrolment": enrolment_ms, **spoken.stage_ms}
    return Spoken(spoken.pcm, spoken.total_ms + enrolment_ms, stages)


def _cached(request: SpeechRequest, pcm: FloatArray, folder: Path) -> float:
    """Milliseconds to name a request and read its stored speech; no engine takes part."""
    path = folder / f"cached_{request.content_key[:16]}.ogg"
    soundfile.write(path, pcm, SAMPLE_RATE, format="OGG", subtype="OPUS")
    times = []
    for _ in range(5):
        started = time.perf_counter()
        soundfile.read(folder / f"cached_{request.content_key[:16]}.ogg", dtype="float32")
        times.append(1e3 * (time.perf_counter() - started))
    path.unlink()
    return statistics.median(times)


def _timing(scenario: str, characters: int, there: Spoken, here: Spoken) -> UtteranceTiming:
    return replace(
        _alone(scenario, characters, here),
        upstream_ms=there.total_ms,
        upstream_stage_ms=there.stage_ms,
    )


def _alone(scenario: str, characters: int, here: Spoken) -> UtteranceTiming:
    return UtteranceTiming(
        scenario=scenario,
        characters=characters,
        audio_s=len(here.pcm) / SAMPLE_RATE,
        upstream_ms=None,
        ours_ms=here.total_ms,
        upstream_stage_ms={},
        ours_stage_ms=here.stage_ms,
    )
