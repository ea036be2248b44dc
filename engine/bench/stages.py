"""Flow, vocoder and watermark by length of audio: upstream and ours in turn, and ours of many."""

import statistics
import time
from dataclasses import dataclass

import torch

from engine.bench.setting import TOKENS_PER_SECOND, Scale
from engine.bench.speakers import UpstreamSpeaker
from engine.chatterbox.s3gen import WaveformDecoder
from engine.chatterbox.utterance import EnrolledVoice, Utterance
from engine.enrolment import Conditionals
from engine.enrolment.conditionals import SPEECH_TOKEN_IDS
from engine.messages import Speak
from engine.speech import SpeechParameters, StockVoice

STAGES = ("flow", "vocoder", "watermark")


@dataclass(frozen=True)
class StageTiming:
    """Medians in milliseconds for one length, its prompt included in the flow."""

    stage: str
    audio_s: int
    upstream_ms: float
    ours_ms: float


@dataclass(frozen=True)
class TogetherTiming:
    """Median of all three stages for so many utterances at once, in milliseconds."""

    utterances: int
    audio_s: int
    ours_ms: float

    @property
    def audio_per_second(self) -> float:
        """Seconds of sound that are made in one."""
        return 1e3 * self.utterances * self.audio_s / self.ours_ms


@torch.inference_mode()
def time_stages(
    ours: WaveformDecoder, upstream: UpstreamSpeaker, audio_s: int, scale: Scale
) -> list[StageTiming]:
    """Turn about, after rounds that are not counted, in which ours warms up.

    Random speech tokens in the voice that upstream has.
    """
    utterance = _random_utterance(upstream, audio_s * TOKENS_PER_SECOND)
    tokens = utterance.speech_tokens[None].to(upstream.device)
    times: dict[str, list[tuple[float, float]]] = {stage: [] for stage in STAGES}
    for round_ in range(scale.warm_ups + scale.repeats):
        pending = ours.submit([utterance])
        pending.wait()
        here = pending.stage_ms()
        if round_ >= scale.warm_ups - 1:  # upstream warms up in one
            there = upstream.decode(tokens)
        if round_ >= scale.warm_ups:
            for stage in STAGES:
                times[stage].append((there[stage], here[stage]))
    return [
        StageTiming(
            stage=stage,
            audio_s=audio_s,
            upstream_ms=statistics.median(there for there, _ in pairs),
            ours_ms=statistics.median(here for _, here in pairs),
        )
        for stage, pairs in times.items()
    ]


def time_together(
    ours: WaveformDecoder, upstream: UpstreamSpeaker, audio_s: int, scale: Scale
) -> TogetherTiming:
    """As `time_stages`, of several at once that differ in length by a token or two."""
    batch = [
        _random_utterance(upstream, audio_s * TOKENS_PER_SECOND - index % 3)
        for index in range(scale.together)
    ]
    times = []
    for _ in range(scale.warm_ups + scale.repeats):
        started = time.perf_counter()
        ours.decode(batch)
        times.append(1e3 * (time.perf_counter() - started))
    return TogetherTiming(len(batch), audio_s, statistics.median(times[scale.warm_ups :]))


def _random_utterance(upstream: UpstreamSpeaker, count: int) -> Utterance:
    random = torch.Generator().manual_seed(count)
    utterance = Utterance(Speak(0, "", StockVoice(), SpeechParameters(seed=count)))
    utterance.speech_tokens = torch.randint(0, SPEECH_TOKEN_IDS, (count,), generator=random)
    conditionals = Conditionals.from_upstream(upstream.model.conds, upstream.entry.family)
    utterance.voice = EnrolledVoice("upstream's", conditionals)
    return utterance
