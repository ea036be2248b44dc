"""Upstream and ours behind one face: a text and a voice in, samples and times out.

`speak` says a text in a clip's voice, in so many speech tokens at most; the time of a voice's
first use is in it. Both run the same checkpoint. Where its stop token is silenced, both say exactly
as many tokens as they are asked for, so that equal amounts of work are compared.
"""

import gc
import shutil
import time
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.bench.setting import voice_of
from engine.chatterbox.loading import assemble
from engine.chatterbox.t3.config import MAX_SPEECH_TOKENS, SILENT_TOKENS, STOP_OF_SPEECH
from engine.errors import SpeechError
from engine.messages import Speak
from engine.speech import FloatArray, Speech, SpeechParameters
from engine.upstream.build import load_upstream
from engine.weights.checkpoint import MANIFEST
from engine.weights.models import Model

REVISION = "bench"


@dataclass(frozen=True)
class TimedSpeech:
    """One utterance: mono float32 at 24 kHz, and what it took in milliseconds."""

    pcm: FloatArray
    total_ms: float
    stage_ms: dict[str, float]


class UpstreamSpeaker:
    """Upstream's class for the model as its authors wrote it, in fp32."""

    def __init__(self, weights: Path, model: Model, device: torch.device) -> None:
        self.device, self.entry = device, model
        self.model: Any = load_upstream(weights, model, device)
        self._clip: Path | None = None
        self._limit: int | None = None
        self._stage_ms: defaultdict[str, float] = defaultdict(float)
        decode, limit = "inference", "max_new_tokens"
        if model.family == "turbo":
            decode, limit = "inference_turbo", "max_gen_len"
        inference = getattr(self.model.t3, decode)

        def limited(**given: Any) -> Any:
            return inference(**given | ({limit: self._limit} if self._limit else {}))

        setattr(self.model.t3, decode, limited)
        self._time(self.model, "prepare_conditionals", "enrolment")
        self._time(self.model.t3, decode, "tokens")
        self._time(self.model.s3gen, "flow_inference", "flow")
        self._time(self.model.s3gen, "hift_inference", "vocoder")
        self._time(self.model.watermarker, "apply_watermark", "watermark")

    def enrol(self, clip: Path) -> None:
        self.model.prepare_conditionals(str(clip))
        self._clip = clip

    def speak(self, text: str, clip: Path, tokens: int | None = None) -> TimedSpeech:
        """Upstream's `generate`."""
        self._limit = tokens
        self._stage_ms.clear()
        started = time.perf_counter()
        if clip != self._clip:
            self.enrol(clip)
        options = {"language_id": "en"} if self.entry.tables else {}
        with torch.inference_mode():  # Turbo's is under none, and would keep every intermediate
            wave = self.model.generate(text, **options)
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
        original = getattr(owner, name)

        def timed(*positional: Any, **named: Any) -> Any:
            self._wait()
            started = time.perf_counter()
            result = original(*positional, **named)
            self._stage_ms[stage] += self._elapsed_ms(started)
            return result

        setattr(owner, name, timed)

    def _elapsed_ms(self, started: float) -> float:
        self._wait()
        return 1e3 * (time.perf_counter() - started)

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


class OurSpeaker:
    """The engine as a worker loads it, driven as the worker's loop drives it."""

    def __init__(
        self,
        weights: Path,
        model: Model,
        device: torch.device,
        precision: str,
        *,
        streams: int,
        home: Path,
        memory_bytes: int | None = None,
    ) -> None:
        """Up to `streams` utterances at once. Voices are kept under `home`, as the worker's are.

        `memory_bytes` is as in `assemble`.
        """
        self._assemble = partial(
            assemble,
            weights,
            model,
            revision=REVISION,
            device=device.type,
            precision=precision,
            reason="",
            home=home,
            report=lambda _enrolled: None,
            max_streams=streams,
            memory_bytes=memory_bytes,
        )
        self._begin()

    def _begin(self) -> None:
        self._engine = self._assemble()
        self._engine.recall_voices()
        self._known: set[str] = set()

    def restart(self) -> None:
        """Load the engine anew: all that it had computed is gone, but for what is on disk."""
        self._engine.close()
        del self._engine
        gc.collect()
        torch.cuda.empty_cache()
        self._begin()

    def forget(self, clip: Path) -> None:
        self._engine.forget(voice_of(clip).identity)

    def speak(self, text: str, clip: Path, tokens: int | None = None) -> TimedSpeech:
        return self.speak_together([text], clip, tokens)[0]

    def speak_together(
        self, texts: list[str], clip: Path, tokens: int | None = None
    ) -> list[TimedSpeech]:
        """Several utterances at once. Each one's time is that of all. Raises a `SpeechError`."""
        voice = voice_of(clip)
        self._engine.max_speech_tokens = tokens or MAX_SPEECH_TOKENS
        started = time.perf_counter()
        for index, text in enumerate(texts):
            self._engine.admit(Speak(index, text, voice, SpeechParameters(seed=index)))
        said: dict[int, Speech] = {}
        while self._engine.busy:
            for outcome in self._engine.step():
                if isinstance(outcome.result, SpeechError):
                    raise outcome.result
                said[outcome.job_id] = outcome.result
        total_ms = 1e3 * (time.perf_counter() - started)
        first_use = voice.clip_sha256 not in self._known
        self._known.add(voice.clip_sha256)
        return [
            TimedSpeech(speech.pcm, total_ms, _stages(speech.stage_ms, first_use))
            for _, speech in sorted(said.items())
        ]


def _stages(engine_ms: dict[str, float], first_use: bool) -> dict[str, float]:
    """Stages under the names that upstream's have; enrolment where a voice is used first."""
    named = {"tokens" if stage == "t3" else stage: ms for stage, ms in engine_ms.items()}
    return {stage: ms for stage, ms in named.items() if first_use or stage != "enrolment"}


def without_stop(weights: Path, model: Model, folder: Path) -> Path:
    """A copy of a checkpoint without its stop token, and those of silence, which would end ours.

    Speech is as long as it may be.
    """
    shutil.copytree(weights, folder, ignore=shutil.ignore_patterns(model.t3, MANIFEST))
    tensors = load_file(weights / model.t3)
    tensors["speech_head.weight"][[STOP_OF_SPEECH, *SILENT_TOKENS]] = 0
    if "speech_head.bias" in tensors:
        tensors["speech_head.bias"][[STOP_OF_SPEECH, *SILENT_TOKENS]] = 0
    save_file(tensors, folder / model.t3)
    return folder


def allocated_gib(device: torch.device) -> float:
    """GiB that tensors take now; 0 on a CPU."""
    return torch.cuda.memory_allocated(device) / 2**30 if device.type == "cuda" else 0.0
