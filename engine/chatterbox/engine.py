"""Chatterbox as the worker drives it: many jobs at once, each from its text to watermarked sound.

A step queues some decoding of speech tokens, hands finished utterances to the waveform decoder,
whose work overlaps on a stream of its own, and collects what is done. New jobs join the decoding
batch at the next step. Where not all can go on, those that somebody hears silence for go first:
into the slots, and through the waveform decoder.
"""

import logging
import time
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor

from engine.chatterbox.s3gen import PendingWaveforms, WaveformDecoder
from engine.chatterbox.s3gen import Utterance as SpokenUtterance
from engine.chatterbox.t3.config import MAX_SPEECH_TOKENS, speech_token_cap
from engine.chatterbox.t3.prompt import Utterance
from engine.chatterbox.t3.scheduler import Scheduler, SpeechTokens
from engine.chatterbox.text import TextTokenizer
from engine.chatterbox.voices import Speaker, Voices
from engine.enrolment import NotYet
from engine.errors import SynthesisFailed
from engine.failures import is_device_fault, log_without_values, understood
from engine.messages import Speak
from engine.protocol import Outcome
from engine.speech import EngineInfo, Speech, SpeechParameters

#: Waveform batches on the device at a time: one that runs, one that is ready to.
_WAVEFORM_BATCHES = 2
_LARGEST_WAVEFORM_BATCH = 4
#: A pause between looks whether a new voice is there, while there is nothing else to do.
_BREATH_S = 0.002

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
    """An `engine.protocol.Engine`."""

    def __init__(
        self,
        info: EngineInfo,
        *,
        text_tokenizer: TextTokenizer,
        voices: Voices,
        scheduler: Scheduler,
        waveforms: WaveformDecoder,
        max_speech_tokens: int = MAX_SPEECH_TOKENS,
    ) -> None:
        """Put the parts together; `engine.chatterbox.loading` makes them."""
        self._info = info
        self._text_tokenizer, self._voices = text_tokenizer, voices
        self._scheduler, self._waveforms = scheduler, waveforms
        self._max_speech_tokens = max_speech_tokens
        self._stream: Any = None
        if scheduler.t3.device.type == "cuda":
            self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch's
            # The weights were put in order on the stream that is current now.
            self._stream.wait_stream(torch.cuda.current_stream())
        self._new: deque[Speak] = deque()
        self._decoding: dict[int, _Job] = {}
        self._decoded: deque[tuple[_Job, SpokenUtterance]] = deque()
        self._sounding: deque[_Sounding] = deque()
        # On a CPU several at once take as long as one after the other, and all of them wait for it.
        self._largest_waveform_batch = 1 if self._stream is None else _LARGEST_WAVEFORM_BATCH
        self._cancelled: set[int] = set()  # of jobs whose batch is sounding
        self._waiting: list[tuple[Speak, NotYet]] = []  # new voices, while they are computed

    @property
    def info(self) -> EngineInfo:
        """What was loaded, and why; `streams` is what there is memory for now."""
        streams = min(self._info.streams, self._scheduler.limit)
        return msgspec.structs.replace(self._info, streams=streams)

    @property
    def busy(self) -> bool:
        """Whether `step` has anything to do."""
        return bool(
            self._new or self._waiting or self._decoded or self._sounding or self._scheduler.busy
        )

    def admit(self, job: Speak) -> None:
        """Take a job; it is looked at in the next step."""
        self._new.append(job)

    def cancel(self, job_id: int) -> None:
        """Drop a job and free its slot at once. Unknown ids are ignored."""
        self._new = deque(job for job in self._new if job.job_id != job_id)
        self._waiting = [item for item in self._waiting if item[0].job_id != job_id]
        self._decoded = deque(item for item in self._decoded if item[0].speak.job_id != job_id)
        if self._decoding.pop(job_id, None) is not None:
            with self._decoding_stream():
                self._scheduler.cancel(job_id)
        if any(job.speak.job_id == job_id for batch in self._sounding for job in batch.jobs):
            self._cancelled.add(job_id)

    def forget(self, clip_sha256: str) -> None:
        """Remove what was derived from a clip, in memory, on the device and on disk."""
        self._voices.forget(clip_sha256)
        with self._decoding_stream():
            self._scheduler.t3.prefixes.forget()

    def recall_voices(self) -> None:
        """Have ready, as they are usually spoken, the voices that were used last."""
        t3, usual = self._scheduler.t3, SpeechParameters().exaggeration
        with self._decoding_stream():
            for speaker in self._voices.recall(t3.config.voices):
                t3.prepare_voice(speaker.prompt, usual)

    def step(self) -> Sequence[Outcome]:
        """Move every job on by a little; returns those that ended."""
        outcomes: list[Outcome] = []
        self._begin_jobs(outcomes)
        self._voices.newcomers.release_unused()
        if self._scheduler.busy:
            self._decode(outcomes)
        if self._decoded and len(self._sounding) < _WAVEFORM_BATCHES:
            self._sound(outcomes)
        # With nothing else to do there is no reason not to wait.
        while self._sounding and (
            self._sounding[0].pending.done() or not (self._scheduler.busy or self._new)
        ):
            self._collect(self._sounding.popleft(), outcomes)
        if self._waiting:
            self._voices.newcomers.check()
            if not (outcomes or self._new or self._decoded or self._scheduler.busy):
                time.sleep(_BREATH_S)
        return outcomes

    def rest(self) -> float | None:
        """Let go of the networks that only new voices need, once none has come for a while."""
        newcomers = self._voices.newcomers
        held, left_s = newcomers.holds_networks, newcomers.release_unused()
        if held and left_s is None and self._stream is not None:
            torch.cuda.empty_cache()  # for others who use the card
        return left_s

    def close(self) -> None:
        """Forget all jobs."""
        for job_id in [job.job_id for job in self._new] + list(self._decoding):
            self.cancel(job_id)
        self._waiting.clear()
        self._decoded.clear()
        self._sounding.clear()

    def _begin_jobs(self, outcomes: list[Outcome]) -> None:
        """Texts and voices of new jobs, but for new voices that are not computed yet."""
        ready = [item for item in self._waiting if item[1].ready()]
        if ready:
            self._waiting = [item for item in self._waiting if item not in ready]
            self._new.extendleft(job for job, _ in reversed(ready))
        while self._new:
            speak, began = min(self._new, key=lambda job: job.priority), time.perf_counter()
            self._new.remove(speak)
            try:
                self._begin(speak, began)
            except NotYet as newcomer:
                self._waiting.append((speak, newcomer))
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
        longest = self._scheduler.t3.sizes.text_positions
        if len(text_tokens) > longest or not self._scheduler.fits(utterance):
            raise SynthesisFailed("This text is too long to be spoken in one piece.")
        self._scheduler.submit(speak.job_id, utterance, speak.priority)
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
            if tokens.failed:
                _log.warning("the decoder computed no numbers any more: a job failed")
                lost = SynthesisFailed("The voice model lost its way in this text.")
                outcomes.append(Outcome(tokens.key, lost))
                continue
            if tokens.capped:
                count = len(tokens.tokens)
                _log.warning("no stop token within %d tokens: the speech is cut", count)
            if not len(tokens.tokens):
                nothing = SynthesisFailed("The voice model had nothing to say to this text.")
                outcomes.append(Outcome(tokens.key, nothing))
                continue
            try:
                self._decoded.append((job, _spoken(job, tokens)))
            except ValueError as error:
                outcomes.append(_failed(tokens.key, error))

    def _sound(self, outcomes: list[Outcome]) -> None:
        """Give a batch of finished utterances to the waveform decoder."""
        # Those of the best priority alone: each more in a batch keeps all of it waiting.
        best = min(job.speak.priority for job, _ in self._decoded)
        batch = [item for item in self._decoded if item[0].speak.priority == best]
        batch = batch[: self._largest_waveform_batch]
        count = len(batch)
        for item in batch:
            self._decoded.remove(item)
        try:
            pending = self._waveforms.submit([utterance for _, utterance in batch])
        except torch.OutOfMemoryError as error:
            if self._voices.newcomers.release():
                torch.cuda.empty_cache()
            elif count == 1:
                outcomes.append(_failed(batch[0][0].speak.job_id, error))
                return
            else:
                self._largest_waveform_batch = count // 2
                _log.warning("memory ran out: from now on %d waveforms at once", count // 2)
            self._decoded.extendleft(reversed(batch))
        except Exception as error:
            outcomes += [_failed(job.speak.job_id, error) for job, _ in batch]
        else:
            self._sounding.append(_Sounding([job for job, _ in batch], pending))

    def _collect(self, batch: _Sounding, outcomes: list[Outcome]) -> None:
        ids = {job.speak.job_id for job in batch.jobs}
        cancelled, self._cancelled = self._cancelled & ids, self._cancelled - ids
        try:
            waveforms = batch.pending.wait()
        except Exception as error:
            outcomes += [_failed(job_id, error) for job_id in ids - cancelled]
            return
        for job, waveform in zip(batch.jobs, waveforms, strict=True):
            if job.speak.job_id not in cancelled:
                stage_ms = job.stage_ms | batch.pending.stage_ms()
                outcomes.append(Outcome(job.speak.job_id, self._speech(job, waveform, stage_ms)))

    def _speech(
        self, job: _Job, waveform: Tensor, stage_ms: dict[str, float]
    ) -> Speech | SynthesisFailed:
        pcm = waveform.numpy().copy()  # the pinned memory goes back to be used again
        if not np.isfinite(pcm).all():
            return SynthesisFailed("The voice model produced no usable sound for this text.")
        return Speech(
            pcm=pcm,
            sample_rate=self._info.sample_rate,
            substitution=job.speaker.substitution,
            stage_ms=stage_ms,
        )

    def _decoding_stream(self) -> AbstractContextManager[object]:
        return nullcontext() if self._stream is None else torch.cuda.stream(self._stream)


def _spoken(job: _Job, tokens: SpeechTokens) -> SpokenUtterance:
    seed = job.speak.parameters.seed
    return SpokenUtterance(tokens.tokens, job.speaker.conditionals, seed=seed)


def _failed(job_id: int, error: Exception) -> Outcome:
    """How a job ended that met `error`. Raises it where it is the device's and no job's."""
    if is_device_fault(error):
        raise error
    failure = understood(error)
    if isinstance(failure, SynthesisFailed) and failure is not error:
        log_without_values("a job failed", error)
    return Outcome(job_id, failure)
