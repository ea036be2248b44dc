"""Upstream and ours behind one face: a text and a voice in, samples and times out.

Both run the same checkpoint. With a number of tokens, both say exactly that many: the stop token is
silenced in both, so that equal amounts of work are compared.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from engine.bench.setting import voice_of
from engine.chatterbox.s3gen import WaveformDecoder
from engine.chatterbox.t3.config import (
    MAX_SPEECH_TOKENS,
    STOP_OF_SPEECH,
    DecoderConfig,
)
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.scheduler import Scheduler
from engine.chatterbox.t3.weights import load_t3
from engine.chatterbox.text import TextTokenizer
from engine.chatterbox.utterance import EnrolledVoice, Utterance
from engine.enrolment import Enrolment
from engine.enrolment.networks import EnrolmentNetworks
from engine.messages import Speak
from engine.speech import FloatArray, SpeechParameters, StockVoice
from engine.upstream.build import load_upstream
from engine.weights import checkpoint

_LONGEST = 1536  # positions of conditioning, text and 40 s of tokens


@dataclass(frozen=True)
class TimedSpeech:
    """One utterance: mono float32 at 24 kHz, and what it took in milliseconds."""

    pcm: FloatArray
    total_ms: float
    stage_ms: dict[str, float] = field(default_factory=dict)


class Contender(Protocol):
    """What both are asked to do."""

    def enrol(self, clip: Path) -> float:
        """Take on the voice of a clip; milliseconds."""

    def speak(self, text: str, tokens: int | None = None) -> TimedSpeech:
        """Say a text in the voice taken on; exactly `tokens` speech tokens of it, if given."""


class UpstreamSpeaker:
    """Upstream's `ChatterboxTTS` as its authors wrote it, in fp32."""

    def __init__(self, weights: Path, device: torch.device, *, endless: bool) -> None:
        """With `endless` the stop token is silenced."""
        self.device = device
        self.model: Any = load_upstream(weights, device)
        self._limit: int | None = None
        self._stage_ms: defaultdict[str, float] = defaultdict(float)
        if endless:
            self.model.t3.speech_head.weight.data[STOP_OF_SPEECH] = 0
        inference = self.model.t3.inference

        def limited(**given: Any) -> Any:
            given["max_new_tokens"] = self._limit or given["max_new_tokens"]
            return inference(**given)

        self.model.t3.inference = limited
        self._time(self.model.t3, "inference", "tokens")
        self._time(self.model.s3gen, "flow_inference", "flow")
        self._time(self.model.s3gen, "hift_inference", "vocoder")
        self._time(self.model.watermarker, "apply_watermark", "watermark")

    def enrol(self, clip: Path) -> float:
        """Upstream's `prepare_conditionals`."""
        started = time.perf_counter()
        self.model.prepare_conditionals(str(clip))
        return self._elapsed_ms(started)

    def speak(self, text: str, tokens: int | None = None) -> TimedSpeech:
        """Upstream's `generate`."""
        self._limit = tokens
        self._stage_ms.clear()
        started = time.perf_counter()
        try:
            wave = self.model.generate(text)
        finally:
            self._limit = None
        return TimedSpeech(wave[0].numpy(), self._elapsed_ms(started), dict(self._stage_ms))

    def decode(self, speech_tokens: Tensor) -> dict[str, float]:
        """Stage times of (1, n) tokens through flow, vocoder and watermark, as `generate` goes."""
        self._stage_ms.clear()
        wave, _source = self.model.s3gen.inference(speech_tokens, ref_dict=self.model.conds.gen)
        self.model.watermarker.apply_watermark(
            wave.squeeze(0).detach().cpu().numpy(), sample_rate=self.model.sr
        )
        return dict(self._stage_ms)

    def _time(self, owner: Any, name: str, stage: str) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        def timed(*positional: Any, **named: Any) -> Any:
            wait_for(self.device)
            started = time.perf_counter()
            result = original(*positional, **named)
            self._stage_ms[stage] += self._elapsed_ms(started)
            return result

        setattr(owner, name, timed)

    def _elapsed_ms(self, started: float) -> float:
        wait_for(self.device)
        return 1e3 * (time.perf_counter() - started)


class OurSpeaker:
    """The optimised engine's parts, put together as the engine does for one batch."""

    def __init__(
        self,
        weights: Path,
        device: torch.device,
        precision: str,
        dtype: torch.dtype,
        *,
        streams: int,
        endless: bool,
        home: Path,
    ) -> None:
        """Room for `streams` utterances at once. With `endless` the stop token is silenced.

        Voices are kept under `home`, as the engine keeps them.
        """
        self.device = device
        self.t3_weights = load_t3(weights / checkpoint.T3, device, dtype)
        if endless:
            self.t3_weights.speech_head[STOP_OF_SPEECH] = 0
        # As the engine has it, or with room for whatever the model wants to say.
        config = DecoderConfig.for_streams(streams, dtype)
        if not endless:
            config = DecoderConfig.for_streams(streams, dtype, _LONGEST)
        self._scheduler = Scheduler(T3(self.t3_weights, config))
        self._scheduler.t3.prepare()
        self.decoder = WaveformDecoder(weights, device, precision)
        self._text_tokenizer = TextTokenizer(weights / checkpoint.TOKENIZER)
        self._networks = EnrolmentNetworks.load(weights, device)
        self._home = home
        self._enrolment = self._make_enrolment()
        self._voice: EnrolledVoice | None = None

    def enrol(self, clip: Path) -> float:
        """Memory, then disk, then the networks, which are loaded."""
        cloned = voice_of(clip)
        started = time.perf_counter()
        conditionals = self._enrolment.conditionals(cloned)
        wait_for(self.device)
        self._voice = EnrolledVoice(self._enrolment.key(cloned.clip_sha256), conditionals)
        return 1e3 * (time.perf_counter() - started)

    def restart_enrolment(self) -> None:
        """Have no more of any voice in memory and on the device than a new worker begins with."""
        self._enrolment = self._make_enrolment()
        t3 = self._scheduler.t3
        t3.prefixes.forget()
        for key, conditionals in self._enrolment.recall(t3.config.voices):
            t3.prepare_voice(EnrolledVoice(key, conditionals), SpeechParameters().exaggeration)
        wait_for(self.device)

    def release_enrolment(self) -> None:
        """Let go of the networks that only enrolment needs; no new voice can be taken on."""
        del self._enrolment, self._networks

    def held_bytes(self) -> tuple[int, int]:
        """Bytes of T3's weights, and of its cache with the voices' prefixes."""
        t3 = self._scheduler.t3
        tensors = [value for value in vars(self.t3_weights).values() if isinstance(value, Tensor)]
        tensors += self.t3_weights.conditioning.values()
        tensors += [matrix for layer in self.t3_weights.layers for matrix in vars(layer).values()]
        return sum(t.nbytes for t in tensors), t3.pool.storage.nbytes + t3.prefixes.storage.nbytes

    def _make_enrolment(self) -> Enrolment:
        return Enrolment(
            home=self._home,
            revision="bench",
            load_networks=lambda: self._networks,
            report=lambda _enrolled: None,
        )

    def speak(self, text: str, tokens: int | None = None) -> TimedSpeech:
        """One utterance alone."""
        return self.speak_together([text], tokens)[0]

    @torch.inference_mode()
    def speak_together(self, texts: list[str], tokens: int | None = None) -> list[TimedSpeech]:
        """Several utterances in one batch. Each one's time is the batch's."""
        started = time.perf_counter()
        utterances = [self._utterance(seed, text) for seed, text in enumerate(texts)]
        for utterance in utterances:
            utterance.cap = tokens or MAX_SPEECH_TOKENS
            self._scheduler.submit(utterance)
        ended = 0
        while ended < len(texts):
            ended += len(self._scheduler.advance())
        tokens_ms = 1e3 * (time.perf_counter() - started)
        pending = self.decoder.submit(utterances)
        waves = pending.wait()
        total_ms = 1e3 * (time.perf_counter() - started)
        stages = {"tokens": tokens_ms, **pending.stage_ms()}
        return [TimedSpeech(wave.numpy(), total_ms, stages) for wave in waves]

    def decoded(self, tokens: int) -> Utterance:
        """Random speech tokens in the voice taken on, for timing what comes after T3."""
        random = torch.Generator().manual_seed(tokens)
        utterance = self._utterance(tokens, "")
        utterance.speech_tokens = torch.randint(0, 6561, (tokens,), generator=random)
        return utterance

    def _utterance(self, seed: int, text: str) -> Utterance:
        if self._voice is None:
            raise RuntimeError("no voice was enrolled")
        utterance = Utterance(Speak(seed, text, StockVoice(), SpeechParameters(seed=seed)))
        utterance.text_tokens, utterance.voice = self._text_tokenizer(text), self._voice
        return utterance


def wait_for(device: torch.device) -> None:
    """Until the device has done everything it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@contextmanager
def peak_memory(device: torch.device) -> Iterator[list[float]]:
    """GiB that were allocated at most while the block runs; one figure on CUDA, else none."""
    figures: list[float] = []
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    yield figures
    if device.type == "cuda":
        figures.append(torch.cuda.max_memory_allocated(device) / 2**30)


def allocated_gib(device: torch.device) -> float:
    """GiB that tensors take now; 0 on a CPU."""
    return torch.cuda.memory_allocated(device) / 2**30 if device.type == "cuda" else 0.0


def silent(pcm: FloatArray) -> bool:
    """Whether nothing at all can be heard."""
    return bool(np.abs(pcm).max() < 1e-3)
