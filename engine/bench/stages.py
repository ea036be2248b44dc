"""Flow, vocoder and watermark by length of audio: upstream and ours in turn."""

import statistics
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


@torch.inference_mode()
def time_stages(
    ours: WaveformDecoder, upstream: UpstreamSpeaker, audio_s: int, scale: Scale
) -> list[StageTiming]:
    """Turn about, after rounds that are not counted, in which ours warms up.

    Random speech tokens in the voice that upstream has.
    """
    count = audio_s * TOKENS_PER_SECOND
    random = torch.Generator().manual_seed(count)
    utterance = Utterance(Speak(0, "", StockVoice(), SpeechParameters(seed=count)))
    utterance.speech_tokens = torch.randint(0, SPEECH_TOKEN_IDS, (count,), generator=random)
    conditionals = Conditionals.from_upstream(upstream.model.conds, upstream.entry.family)
    utterance.voice = EnrolledVoice("upstream's", conditionals)
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
