"""Whole utterances: by length of text, with a cold and with a warm voice."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from engine.bench.setting import SAMPLE_RATE, TEXT, UTTERANCE, Scale, Setting, tokens_for
from engine.bench.speakers import OurSpeaker, TimedSpeech, UpstreamSpeaker


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
    here, there = _in_turn(
        ours, upstream, TEXT[:characters], clip, tokens=tokens_for(characters), scale=scale
    )
    return _timing(f"{characters} characters", characters, here, there)


def time_voices(
    ours: OurSpeaker, upstream: UpstreamSpeaker, clips: list[Path], setting: Setting
) -> list[UtteranceTiming]:
    """A voice's first use, its next use, and its first after a restart.

    The first clip warms up what is loaded once and never again; the second is the cold voice.
    Leaves both recordings of ours in the output folder.
    """
    scale, tokens = setting.scale, setting.scale.utterance_tokens
    for _ in range(scale.warm_ups):
        ours.speak(UTTERANCE, clips[0], tokens)
    ours.forget(clips[0])
    # The networks for new voices are kept for a while after it.
    ours.speak(UTTERANCE, clips[0], tokens)
    upstream.enrol(clips[0])
    cold = [each.speak(UTTERANCE, clips[1], tokens) for each in (ours, upstream)]
    warm = _in_turn(ours, upstream, UTTERANCE, clips[1], tokens=tokens, scale=scale)
    for name, pcm in (("cold", cold[0].pcm), ("warm", warm[0].pcm)):
        if np.abs(pcm).max() < 1e-3:
            raise RuntimeError(f"the {name} voice said nothing")
        soundfile.write(setting.out / f"voiceclone_{name}.wav", pcm, SAMPLE_RATE)
    ours.restart()
    for _ in range(scale.warm_ups):
        ours.speak(UTTERANCE, clips[0], tokens)
    restarted = ours.speak(UTTERANCE, clips[1], tokens)
    return [
        _timing("cold voice", len(UTTERANCE), *cold),
        _timing("warm voice", len(UTTERANCE), *warm),
        _timing("voice after a restart", len(UTTERANCE), restarted),
    ]


def _in_turn(
    ours: OurSpeaker, upstream: UpstreamSpeaker, text: str, clip: Path, *, tokens: int, scale: Scale
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
    return sorted(runs, key=lambda run: run.total_ms)[(len(runs) - 1) // 2]


def _timing(
    scenario: str, characters: int, here: TimedSpeech, there: TimedSpeech | None = None
) -> UtteranceTiming:
    return UtteranceTiming(
        scenario=scenario,
        characters=characters,
        audio_s=len(here.pcm) / SAMPLE_RATE,
        upstream_ms=there.total_ms if there else None,
        ours_ms=here.total_ms,
        upstream_stage_ms=there.stage_ms if there else {},
        ours_stage_ms=here.stage_ms,
    )
