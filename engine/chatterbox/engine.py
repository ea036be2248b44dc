"""Chatterbox as the worker drives it: many jobs at once, each from its text to watermarked sound.

A step queues some decoding of speech tokens, hands finished utterances to the waveform decoder,
whose work overlaps on a stream of its own, and collects what is done. Jobs without sound are never
made to wait for jobs that have it: they join the decoding batch at the next step.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.chatterbox.config import MAX_SPEECH_TOKENS, speech_token_cap
from engine.chatterbox.memory import config_that_fits, with_fewer_if_need_be
from engine.chatterbox.prompt import Utterance
from engine.chatterbox.s3gen import PendingWaveforms, WaveformDecoder
from engine.chatterbox.s3gen import Utterance as SpokenUtterance
from engine.chatterbox.scheduler import Scheduler, SpeechTokens
from engine.chatterbox.t3 import T3
from engine.chatterbox.text import TextTokenizer
from engine.chatterbox.voices import BUILTIN_VOICE, Speaker, Voices
from engine.chatterbox.weights import load_t3
from engine.enrolment import Enrolment
from engine.errors import SpeechError, SynthesisFailed
from engine.messages import EngineConfig, Enrolled, Speak
from engine.speech import EngineInfo, Speech, SpeechParameters, StockVoice
from engine.weights import checkpoint
from engine.worker.failures import log_without_values, understood
from engine.worker.protocol import Outcome

#: Raised whenever the same request gives other audio.
ENGINE_VERSION = "timbre-1"
SAMPLE_RATE = 24_000
DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
#: Waveform batches on the device at a time: one that runs, one that is ready to.
_WAVEFORM_BATCHES = 2
_LARGEST_WAVEFORM_BATCH = 8

_log = logging.getLogger(__name__)


@dataclass
class _Job:
    """A job past its text. `stage_ms` fills up as it goes on."""

    speak: Speak
    speaker: Speaker
    began: float
    stage_ms: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Sounding:
    """A batch in the waveform decoder."""

    jobs: list[_Job]
    pending: PendingWaveforms


class ChatterboxEngine:
    """An `engine.worker.protocol.Engine`."""

    def __init__(
        self,
        folder: Path,
        *,
        revision: str,
        device: str,
        precision: str,
        reason: str,
        home: Path,
        report: Callable[[Enrolled], None],
        max_streams: int = 32,
        conditionals_in_memory: int = 256,
        max_speech_tokens: int = MAX_SPEECH_TOKENS,
    ) -> None:
        """Load a checkpoint. `report` hears of enrolled voices; `reason` is for `EngineInfo`.

        Raises `WorkerUnavailable` (`WeightsError`, `WatermarkMissing`), and
        `torch.OutOfMemoryError` when not even one utterance fits.
        """
        self._device = torch.device(device)
        self._text_tokenizer = TextTokenizer(folder / checkpoint.TOKENIZER)
        self._voices = Voices(
            folder, self._enrolment(folder, home, revision, report, conditionals_in_memory)
        )
        self._max_speech_tokens = max_speech_tokens
        self._waveforms = WaveformDecoder(folder, self._device, precision)
        weights = load_t3(folder / checkpoint.T3, self._device, DTYPES[precision])
        config = config_that_fits(max_streams, weights.sizes, weights.dtype, self._device)
        self._text_positions = weights.sizes.text_positions
        self._scheduler = with_fewer_if_need_be(
            config, lambda fitting: Scheduler(T3(weights, fitting))
        )
        self._stream: Any = None
        if self._device.type == "cuda":
            self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch's
        self._new: deque[Speak] = deque()
        self._decoding: dict[int, _Job] = {}
        self._decoded: deque[tuple[_Job, SpeechTokens]] = deque()
        self._sounding: deque[_Sounding] = deque()
        self._largest_waveform_batch = _LARGEST_WAVEFORM_BATCH
        self._cancelled: set[int] = set()  # of jobs whose batch is sounding
        self.info = EngineInfo(
            name="chatterbox",
            model="chatterbox-english",
            revision=revision,
            version=ENGINE_VERSION,
            sample_rate=SAMPLE_RATE,
            device=device,
            precision=precision,
            reason=reason,
            stock_voices=(BUILTIN_VOICE,),
            clones_voices=True,
        )
        if self._device.type == "cuda":
            self._rehearse()

    @classmethod
    def load(
        cls,
        config: EngineConfig,
        *,
        device: str,
        precision: str,
        reason: str,
        progress: checkpoint.Progress,
        report: Callable[[Enrolled], None],
    ) -> "ChatterboxEngine":
        """Load from `config.weights`; without it, from the hub, fetched where it is not here yet.

        `device` is torch's name for it, `precision` "bf16", "fp16" or "fp32". Raises as the
        constructor does.
        """
        if config.threads:
            torch.set_num_threads(config.threads)
        if config.weights is not None:
            folder = Path(config.weights)
            revision = checkpoint.revision_of(folder)
        else:
            from engine.weights import hub  # noqa: PLC0415 - not where a folder is given

            folder, revision = hub.locate(
                Path(config.home), revision=config.revision, progress=progress
            )
        progress("Loading Chatterbox", None)
        return cls(
            folder,
            revision=revision,
            device=device,
            precision=precision,
            reason=reason,
            home=Path(config.home),
            report=report,
            max_streams=config.max_streams,
            conditionals_in_memory=config.conditionals_in_memory,
        )

    @property
    def busy(self) -> bool:
        """Whether `step` has anything to do."""
        return bool(self._new or self._decoded or self._sounding or self._scheduler.busy)

    def admit(self, job: Speak) -> None:
        """Take a job; it is looked at in the next step."""
        self._new.append(job)

    def cancel(self, job_id: int) -> None:
        """Drop a job and free its slot at once. Unknown ids are ignored."""
        self._new = deque(job for job in self._new if job.job_id != job_id)
        self._decoded = deque(item for item in self._decoded if item[1].key != job_id)
        if self._decoding.pop(job_id, None) is not None:
            with self._decoding_stream():
                self._scheduler.cancel(job_id)
        if any(job.speak.job_id == job_id for batch in self._sounding for job in batch.jobs):
            self._cancelled.add(job_id)

    def step(self) -> Sequence[Outcome]:
        """Move every job on by a little; returns those that ended."""
        outcomes: list[Outcome] = []
        self._begin_jobs(outcomes)
        if self._scheduler.busy:
            self._decode(outcomes)
        if self._decoded and len(self._sounding) < _WAVEFORM_BATCHES:
            self._sound(outcomes)
        # With nothing else to do there is no reason not to wait.
        while self._sounding and (
            self._sounding[0].pending.done() or not (self._scheduler.busy or self._new)
        ):
            self._collect(self._sounding.popleft(), outcomes)
        return outcomes

    def close(self) -> None:
        """Forget all jobs."""
        for job_id in [job.job_id for job in self._new] + list(self._decoding):
            self.cancel(job_id)
        self._decoded.clear()
        self._sounding.clear()

    def _begin_jobs(self, outcomes: list[Outcome]) -> None:
        """Texts and voices of new jobs. One that takes long, as a new voice does, is the last."""
        while self._new:
            speak, began = self._new.popleft(), time.perf_counter()
            try:
                self._begin(speak, began)
            except Exception as error:
                outcomes.append(_failed(speak.job_id, error))
            if time.perf_counter() - began > 0.02:
                return

    def _begin(self, speak: Speak, began: float) -> None:
        if not speak.text.strip():
            raise SynthesisFailed("There is nothing to say in this text.")
        text_tokens = self._text_tokenizer(speak.text)
        speaker = self._voices.speaker(speak.voice)
        utterance = Utterance(
            text_tokens,
            speaker.prompt,
            speak.parameters,
            cap=min(self._max_speech_tokens, speech_token_cap(len(text_tokens))),
        )
        too_long = len(text_tokens) > self._text_positions
        if too_long or not self._scheduler.fits(utterance):
            raise SynthesisFailed("This text is too long to be spoken in one piece.")
        self._scheduler.submit(speak.job_id, utterance)
        job = _Job(speak, speaker, began=time.perf_counter())
        job.stage_ms["enrolment"] = 1e3 * (job.began - began)
        self._decoding[speak.job_id] = job

    def _decode(self, outcomes: list[Outcome]) -> None:
        try:
            with self._decoding_stream(), torch.inference_mode():
                finished = self._scheduler.advance()
        except torch.OutOfMemoryError as error:  # not even one could be decoded
            for job_id in list(self._decoding):
                self.cancel(job_id)
                outcomes.append(_failed(job_id, error))
            return
        for tokens in finished:
            job = self._decoding.pop(tokens.key)
            job.stage_ms["t3"] = 1e3 * (time.perf_counter() - job.began)
            if tokens.capped:
                count = len(tokens.tokens)
                _log.warning("no stop token within %d tokens: the speech is cut", count)
            if len(tokens.tokens):
                self._decoded.append((job, tokens))
            else:
                nothing = SynthesisFailed("The voice model had nothing to say to this text.")
                outcomes.append(Outcome(tokens.key, nothing))

    def _sound(self, outcomes: list[Outcome]) -> None:
        """Give a batch of finished utterances to the waveform decoder."""
        count = min(len(self._decoded), self._largest_waveform_batch)
        batch = [self._decoded.popleft() for _ in range(count)]
        spoken = [
            SpokenUtterance(tokens.tokens, job.speaker.conditionals, seed=job.speak.parameters.seed)
            for job, tokens in batch
        ]
        try:
            pending = self._waveforms.submit(spoken)
        except torch.OutOfMemoryError as error:
            self._largest_waveform_batch = max(1, count // 2)
            if count == 1:
                outcomes.append(_failed(batch[0][0].speak.job_id, error))
                return
            self._decoded.extendleft(reversed(batch))
            _log.warning("memory ran out: from now on %d waveforms at once", count // 2)
        except Exception as error:
            outcomes += [_failed(job.speak.job_id, error) for job, _ in batch]
        else:
            self._sounding.append(_Sounding([job for job, _ in batch], pending))

    def _collect(self, batch: _Sounding, outcomes: list[Outcome]) -> None:
        try:
            waveforms = batch.pending.wait()
        except Exception as error:
            outcomes += [_failed(job.speak.job_id, error) for job in batch.jobs]
            return
        for job, waveform in zip(batch.jobs, waveforms, strict=True):
            job_id = job.speak.job_id
            if job_id in self._cancelled:
                self._cancelled.remove(job_id)
                continue
            pcm = waveform.numpy().copy()  # the pinned memory goes back to be used again
            if not np.isfinite(pcm).all():
                nothing = SynthesisFailed("The voice model produced no usable sound for this text.")
                outcomes.append(Outcome(job_id, nothing))
                continue
            speech = Speech(
                pcm=pcm,
                sample_rate=SAMPLE_RATE,
                substitution=job.speaker.substitution,
                stage_ms=job.stage_ms | batch.pending.stage_ms(),
            )
            outcomes.append(Outcome(job_id, speech))

    def _decoding_stream(self) -> AbstractContextManager[object]:
        return nullcontext() if self._stream is None else torch.cuda.stream(self._stream)

    def _rehearse(self) -> None:
        """Compile kernels and capture the first graphs before anybody waits for them."""
        self.admit(
            Speak(job_id=-1, text="Hello there.", voice=StockVoice(), parameters=SpeechParameters())
        )
        while self.busy:
            for outcome in self.step():
                if isinstance(outcome.result, SpeechError):
                    _log.warning("the rehearsal failed: %s", outcome.result)

    def _enrolment(
        self,
        folder: Path,
        home: Path,
        revision: str,
        report: Callable[[Enrolled], None],
        capacity: int,
    ) -> Enrolment:
        def load_networks() -> Any:
            # Upstream's packages take seconds to import, and a known voice needs none of them.
            from engine.enrolment.networks import EnrolmentNetworks  # noqa: PLC0415

            return EnrolmentNetworks.load(folder, self._device)

        return Enrolment(
            home=home,
            revision=revision,
            load_networks=load_networks,
            report=report,
            capacity=capacity,
        )


def _failed(job_id: int, error: Exception) -> Outcome:
    failure = understood(error)
    if isinstance(failure, SynthesisFailed) and failure is not error:
        log_without_values("a job failed", error)
    return Outcome(job_id, failure)
