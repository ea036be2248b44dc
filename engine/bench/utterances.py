"""Whole utterances: by length of text, with a cold and with a warm voice."""

import statistics
from dataclasses import dataclass, replace
from pathlib import Path

import soundfile

from engine.bench.setting import (
    SAMPLE_RATE,
    TEXT,
    TOKENS_PER_SECOND,
    Scale,
    Setting,
    tokens_for,
)
from engine.bench.speakers import Contender, OurSpeaker, TimedSpeech, UpstreamSpeaker, silent


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


def time_by_text(
    ours: OurSpeaker, upstream: UpstreamSpeaker, clip: Path, characters: int, scale: Scale
) -> UtteranceTiming:
    """A warm voice saying a text of this length."""
    tokens = tokens_for(characters)
    text = TEXT[:characters]
    here, there = _in_turn(ours, upstream, text, clip, tokens=tokens, scale=scale)
    return _timing(f"{characters} characters", characters, there, here)


def time_voices(
    ours: OurSpeaker, upstream: UpstreamSpeaker, clips: list[Path], setting: Setting
) -> list[UtteranceTiming]:
    """A voice's first use, its next use, and its first after a restart.

    The first clip warms up what is loaded once and never again; the second is the cold voice.
    Leaves both recordings of ours in the output folder.
    """
    tokens = setting.scale.utterance_seconds * TOKENS_PER_SECOND
    characters = min(len(TEXT), 140)
    text = TEXT[:characters]
    contenders: tuple[Contender, Contender] = (ours, upstream)
    for _ in range(setting.scale.warm_ups):
        ours.speak(text, clips[0], tokens)
    ours.forget(clips[0])
    ours.speak(text, clips[0], tokens)  # the networks for new voices are kept for a while after it
    upstream.enrol(clips[0])
    cold = [each.speak(text, clips[1], tokens) for each in contenders]
    warm = _in_turn(ours, upstream, text, clips[1], tokens=tokens, scale=setting.scale)
    for name, spoken in (("cold", cold[0]), ("warm", warm[0])):
        if silent(spoken.pcm):
            raise RuntimeError(f"the {name} voice said nothing")
        soundfile.write(setting.out / f"voiceclone_{name}.wav", spoken.pcm, SAMPLE_RATE)
    ours.restart()
    for _ in range(setting.scale.warm_ups):
        ours.speak(text, clips[0], tokens)
    restarted = ours.speak(text, clips[1], tokens)
    return [
        _timing("cold voice", characters, cold[1], cold[0]),
        _timing("warm voice", characters, warm[1], warm[0]),
        _alone("voice after a restart", characters, restarted),
    ]


def _in_turn(
    ours: OurSpeaker,
    upstream: UpstreamSpeaker,
    text: str,
    clip: Path,
    *,
    tokens: int,
    scale: Scale,
) -> tuple[TimedSpeech, TimedSpeech]:
    """Each one's median run, after ours that warm up."""
    for _ in range(scale.warm_ups):
        ours.speak(text, clip, tokens)
    here, there = [], []
    for repeat in range(scale.repeats):
        here.append(ours.speak(text, clip, tokens))
        if repeat < 2:  # seconds each, and steady
            there.append(upstream.speak(text, clip, tokens))
    return _median(here), _median(there)


def _median(runs: list[TimedSpeech]) -> TimedSpeech:
    middle = statistics.median_low(run.total_ms for run in runs)
    return next(run for run in runs if run.total_ms == middle)


def _timing(
    scenario: str, characters: int, there: TimedSpeech, here: TimedSpeech
) -> UtteranceTiming:
    return replace(
        _alone(scenario, characters, here),
        upstream_ms=there.total_ms,
        upstream_stage_ms=there.stage_ms,
    )


def _alone(scenario: str, characters: int, here: TimedSpeech) -> UtteranceTiming:
    return UtteranceTiming(
        scenario=scenario,
        characters=characters,
        audio_s=len(here.pcm) / SAMPLE_RATE,
        upstream_ms=None,
        ours_ms=here.total_ms,
        upstream_stage_ms={},
        ours_stage_ms=here.stage_ms,
    )
