"""Chatterbox as upstream wrote it, one sentence at a time: what the optimised engine must equal.

Upstream's own decoding loop, decoder and watermarker run unchanged, in fp32. Where this differs
from `ChatterboxTTS.generate` it says so. Never make it faster.
"""

import logging
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from engine.enrolment import Conditionals, Enrolment
from engine.enrolment.networks import EnrolmentNetworks
from engine.errors import OutOfMemory, SynthesisFailed
from engine.messages import Enrolled, Speak
from engine.reference import watermark
from engine.speech import EngineInfo, FloatArray, Speech, StockVoice, Voice
from engine.upstream import package as upstream
from engine.upstream.build import load_builtin_voice, load_upstream

#: Raised whenever the same request gives other audio.
REFERENCE_VERSION = "reference-1"
BUILTIN_VOICE = "default"
MAX_SPEECH_TOKENS = 1000  # upstream's; 40 s of speech
_VALID_SPEECH_TOKENS = 6561

_log = logging.getLogger(__name__)


class _Cancelled(Exception):
    """Leaves upstream's decoding loop between two tokens."""


class ReferenceEngine:
    """Speaks one job at a time; `engine.worker.serial.SerialEngine` drives it."""

    def __init__(
        self,
        folder: Path,
        *,
        revision: str,
        device: str,
        reason: str,
        home: Path,
        report: Callable[[Enrolled], None],
        conditionals_in_memory: int = 256,
        max_speech_tokens: int = MAX_SPEECH_TOKENS,
    ) -> None:
        """Load a checkpoint and prove the watermark.

        `reason` is the sentence for `EngineInfo`; `report` is called with enrolled voices. Raises
        `WorkerUnavailable` (`WeightsError`, `WatermarkMissing`).
        """
        self._model = load_upstream(folder, device)
        watermark.verify(self._model.watermarker, self._model.sr)
        self._builtin = Conditionals.from_upstream(load_builtin_voice(folder))
        self._enrolment = Enrolment(
            home=home,
            revision=revision,
            load_networks=lambda: EnrolmentNetworks.of(self._model),
            report=report,
            capacity=conditionals_in_memory,
        )
        self._max_speech_tokens = max_speech_tokens
        self.info = EngineInfo(
            name="chatterbox",
            model=f"chatterbox-tts-{version('chatterbox-tts')}",
            revision=revision,
            version=REFERENCE_VERSION,
            sample_rate=self._model.sr,
            device=device,
            precision="fp32",
            reason=reason,
            stock_voices=(BUILTIN_VOICE,),
            clones_voices=True,
        )

    def forget(self, clip_sha256: str) -> None:
        """Remove the conditionals of a clip, in memory and on disk."""
        self._enrolment.forget(clip_sha256)

    def synthesise(self, job: Speak, cancelled: Callable[[], bool]) -> Speech:
        """Speak `job`; `cancelled` is asked before every token and every Euler step.

        A cancelled job returns no samples. Equal jobs give equal audio on one device. Raises
        `SynthesisFailed`, `VoiceUnusable` or `OutOfMemory`.
        """
        clock = _Stopwatch(torch.device(self._model.device))
        try:
            pcm, substitution = self._speak(job, cancelled, clock)
        except _Cancelled:
            pcm, substitution = np.zeros(0, np.float32), None
        except (RuntimeError, MemoryError) as error:
            if not _is_out_of_memory(error):
                raise
            raise OutOfMemory("There was not enough memory to speak this.") from error
        return Speech(
            pcm=pcm,
            sample_rate=self._model.sr,
            substitution=substitution,
            stage_ms=clock.stage_ms,
        )

    def _speak(
        self, job: Speak, cancelled: Callable[[], bool], clock: "_Stopwatch"
    ) -> tuple[FloatArray, str | None]:
        def go_on(*_: object) -> None:
            if cancelled():
                raise _Cancelled

        text_tokens = self._text_tokens(job.text)
        voice, substitution = self._voice(job.voice)
        clock.lap("enrolment")
        torch.manual_seed(job.parameters.seed)
        t3_cond, gen = self._to_device(voice, job.parameters.exaggeration)
        s3gen = self._model.s3gen
        # Networks that upstream calls once a token, and once an Euler step.
        hooks = [
            network.register_forward_pre_hook(go_on)
            for network in (self._model.t3.tfmr, s3gen.flow.decoder.estimator.time_mlp)
        ]
        try:
            speech_tokens = self._speech_tokens(job, t3_cond, text_tokens)
            clock.lap("t3")
            # As S3Gen.inference does it, in two parts to be timed.
            mel = s3gen.flow_inference(speech_tokens, ref_dict=gen, finalize=True)
            clock.lap("flow")
        finally:
            for hook in hooks:
                hook.remove()
        go_on()
        with torch.inference_mode():
            wav, _source = s3gen.hift_inference(mel.to(dtype=s3gen.dtype), None)
            wav[:, : len(s3gen.trim_fade)] *= s3gen.trim_fade
            unmarked = wav.squeeze(0).cpu().numpy()
        clock.lap("vocoder")
        if not np.isfinite(unmarked).all():
            raise SynthesisFailed("The voice model produced no usable sound for this text.")
        pcm: FloatArray = self._model.watermarker.apply_watermark(
            unmarked, sample_rate=self._model.sr
        )
        clock.lap("watermark")
        return pcm.astype(np.float32), substitution

    def _text_tokens(self, text: str) -> Tensor:
        """Two equal rows (2, length) of text ids with start and stop.

        Upstream gives T3 one row when there is no guidance, which its loop, built for two, cannot
        run. The first row alone decides then: `cond + 0 * (cond - uncond)`.
        """
        if not text.strip():
            raise SynthesisFailed("There is nothing to say in this text.")
        hp = self._model.t3.hp
        tokens = self._model.tokenizer.text_to_tokens(upstream.punc_norm(text)).long()
        tokens = pad(tokens, (1, 0), value=hp.start_text_token)
        tokens = pad(tokens, (0, 1), value=hp.stop_text_token)
        longest = hp.max_text_tokens + 2
        if tokens.shape[1] > longest:
            raise SynthesisFailed("This text is too long to be spoken in one piece.")
        return tokens.expand(2, -1).to(self._model.device)

    def _voice(self, voice: Voice) -> tuple[Conditionals, str | None]:
        """The voice that speaks, and a sentence where it is not the one asked for."""
        if not isinstance(voice, StockVoice):
            return self._enrolment.conditionals(voice), None
        if voice.name in ("", BUILTIN_VOICE):
            return self._builtin, None
        return (
            self._builtin,
            f"Chatterbox's own voice is speaking: it has none called {voice.name}.",
        )

    def _to_device(self, voice: Conditionals, exaggeration: float) -> tuple[Any, dict[str, Any]]:
        """Upstream's forms of a voice, made anew each time because upstream writes into them."""
        device = self._model.device
        t3_cond = upstream.T3Cond(
            speaker_emb=voice.speaker.to(device),
            cond_prompt_speech_tokens=voice.t3_prompt_tokens.to(device),
            emotion_adv=exaggeration * torch.ones(1, 1, 1, device=device),
        )
        return t3_cond, {
            "prompt_token": voice.prompt_tokens.to(device),
            "prompt_token_len": torch.tensor([voice.prompt_tokens.shape[1]], device=device),
            "prompt_feat": voice.prompt_mel.to(device),
            "prompt_feat_len": None,
            "embedding": voice.x_vector.to(device),
        }

    def _speech_tokens(self, job: Speak, t3_cond: Any, text_tokens: Tensor) -> Tensor:
        parameters = job.parameters
        sampled = self._model.t3.inference(
            t3_cond=t3_cond,
            text_tokens=text_tokens,
            max_new_tokens=self._max_speech_tokens,
            temperature=parameters.temperature,
            cfg_weight=parameters.cfg_weight,
            repetition_penalty=parameters.repetition_penalty,
            min_p=parameters.min_p,
            top_p=parameters.top_p,
        )[0]
        if len(sampled) == self._max_speech_tokens:
            _log.warning("no stop token within %d tokens: the speech is cut", len(sampled))
        speech_tokens: Tensor = upstream.drop_invalid_tokens(sampled)
        speech_tokens = speech_tokens[speech_tokens < _VALID_SPEECH_TOKENS]
        if not len(speech_tokens):
            raise SynthesisFailed("The voice model had nothing to say to this text.")
        return speech_tokens.to(self._model.device)


def _is_out_of_memory(error: RuntimeError | MemoryError) -> bool:
    """On a CPU torch raises no more than a `RuntimeError` that says so."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "allocate memory" in str(
        error
    )


class _Stopwatch:
    """Milliseconds since the last lap, by name, once the device has really got there."""

    def __init__(self, device: torch.device) -> None:
        self.stage_ms: dict[str, float] = {}
        self._on_gpu = device.type == "cuda"
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        if self._on_gpu:
            torch.cuda.synchronize()
        now = time.perf_counter()
        self.stage_ms[stage] = (now - self._last) * 1e3
        self._last = now
