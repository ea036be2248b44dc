"""Chatterbox as the worker drives it: many jobs at once, each from its text to watermarked sound.

A step queues some decoding of speech tokens, hands decoded utterances to the waveform decoder,
whose work overlaps on a stream of its own, and collects what is done. New jobs join the decoding
batch at the next step. Where not all can go on, the best priority goes first: into the slots, and
through the waveform decoder.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor

from engine.chatterbox.ending import Ending
from engine.chatterbox.leisure import Leisure
from engine.chatterbox.s3gen import PendingWaveforms, WaveformDecoder
from engine.chatterbox.sounding import Sounding
from engine.chatterbox.t3.config import MAX_SPEECH_TOKENS
from engine.chatterbox.t3.scheduler import Scheduler
from engine.chatterbox.text import TextTokenizer, most_speech_tokens
from engine.chatterbox.utterance import Utterance, UtteranceStatus
from engine.chatterbox.voices import EnrolledVoices
from engine.enrolment import NotYet
from engine.errors import SpeechError, SynthesisFailed
from engine.failures import failure_of_job
from engine.messages import Speak
from engine.protocol import Outcome
from engine.speech import EngineInfo, Priority, Speech, SpeechParameters

#: After a new job that took so long, those that are being decoded go on before the next one.
_LONG_S = 0.02
#: Speech tokens of one alone after which the host rehearses what comes behind the last one.
_REHEARSED_EVERY = 8
#: A pause between looks whether a new voice is there, while there is nothing else to do.
_BREATH_S = 0.002
#: Likewise whether there is a new job, while sound is awaited.
_GLANCE_S = 1e-4

_log = logging.getLogger(__name__)


class ChatterboxEngine:
    """An `engine.protocol.Engine`. An utterance moves from deque to deque, one for each stage."""

    def __init__(
        self,
        info: EngineInfo,
        *,
        text_tokenizer: TextTokenizer,
        voices: EnrolledVoices,
        scheduler: Scheduler,
        waveforms: WaveformDecoder,
        ending: Ending,
        max_speech_tokens: int = MAX_SPEECH_TOKENS,
        at_leisure: Iterable[Callable[[], object]] = (),
    ) -> None:
        """Nobody is to wait for what is done `at_leisure`, each in parts of a second."""
        self._info = info
        self._text_tokenizer, self._voices = text_tokenizer, voices
        self._scheduler, self._waveforms, self._ending = scheduler, waveforms, ending
        self.max_speech_tokens = max_speech_tokens
        #: Whether another model of this process has work: then this one waits for nothing.
        self.others_at_work: Callable[[], bool] = bool
        self._stream: Any = None
        if scheduler.t3.device.type == "cuda":
            self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch's
            # The weights were put in order on the stream that is current now.
            self._stream.wait_stream(torch.cuda.current_stream())
        self._utterances: dict[int, Utterance] = {}  # neither ended nor cancelled, by job
        self._new: deque[Utterance] = deque()
        self._enrolling: deque[Utterance] = deque()
        self._begun: deque[Utterance] = deque()  # since the last step
        self._sounding = Sounding(waveforms, scheduler.spare)
        self._outcomes: list[Outcome] = []
        #: What somebody would else wait for.
        self.leisure = Leisure(at_leisure)

    @property
    def info(self) -> EngineInfo:
        most = min(self._info.streams, self._scheduler.limit)
        return msgspec.structs.replace(self._info, streams=most)

    @property
    def busy(self) -> bool:
        """Whether there are utterances, or cancelled ones still on the device."""
        return bool(self._utterances or self._sounding.pending or self._scheduler.busy)

    @property
    def at_work(self) -> bool:
        """Whether there is more to do than to wait for a new voice or for sound."""
        return bool(self._new or self._sounding.waits or self._scheduler.busy)

    @property
    def urgency(self) -> int:
        """The best priority of its jobs; worse than any where all were cancelled."""
        priorities = (each.request.priority for each in self._utterances.values())
        return min(priorities, default=len(Priority))

    def admit(self, job: Speak) -> None:
        self.leisure.disturb()
        self._utterances[job.job_id] = utterance = Utterance(job)
        self._new.append(utterance)

    def cancel(self, job_id: int) -> None:
        """Release a job's slot at once; its stage drops it in the next step."""
        if (utterance := self._utterances.pop(job_id, None)) is not None:
            utterance.cancelled = True
            with self._decoding_stream():
                self._scheduler.drop(utterance)

    def forget(self, identity: str) -> None:
        self._voices.enrolment.forget(identity)
        self._drop_cancelled()
        with self._decoding_stream():
            self._scheduler.t3.forget()
        self._waveforms.forget()

    def prepare(self) -> None:
        """Compile and capture what a new voice takes, ahead of the first."""
        with self._decoding_stream():
            self._scheduler.t3.prepare()

    def recall_voices(self) -> None:
        t3, usual = self._scheduler.t3, SpeechParameters().exaggeration
        with self._decoding_stream():
            for voice in self._voices.recall(t3.config.voices):
                t3.prepare_voice(voice, usual)

    def step(self, poll: Callable[[], None] = lambda: None, /) -> Sequence[Outcome]:
        self._drop_cancelled()
        self._begin_new()
        if self._scheduler.busy:
            self._decode()
        while self._begun:  # while the device is busy with their first tokens
            self._waveforms.expect(self._begun.popleft())
        for utterance, error in self._sounding.submit():
            self._fail(utterance, error)
        pending = self._sounding.pending
        # Behind others' sound it would be no rehearsal: what is awaited then is the device.
        lone = None if pending else self._scheduler.lone
        if lone and not lone.queued % _REHEARSED_EVERY:
            self._waveforms.rehearse(lone, lone.queued)
        while pending and (pending[0].done() or self._may_wait(poll)):
            self._collect(pending.popleft())
        if self._enrolling:
            self._voices.enrolment.newcomers.check()
            if not (self._outcomes or self.at_work or self.others_at_work()):
                time.sleep(_BREATH_S)
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def idle(self) -> float | None:
        if not self.leisure.is_over:
            return self.leisure.work()
        newcomers = self._voices.enrolment.newcomers
        held, left_s = newcomers.holds_networks, newcomers.release_unused()
        if held and left_s is None:
            self._scheduler.spare.empty_cache()  # for others who use the card
        return left_s

    def close(self) -> None:
        for job_id in list(self._utterances):
            self.cancel(job_id)
        self._drop_cancelled()
        self._sounding.pending.clear()

    def _drop_cancelled(self) -> None:
        for stage in (self._new, self._enrolling):
            for utterance in [each for each in stage if each.cancelled]:
                stage.remove(utterance)
        self._sounding.drop_cancelled()

    def _begin_new(self) -> None:
        for utterance in [each for each in reversed(self._enrolling) if each.voice_ready()]:
            self._enrolling.remove(utterance)
            self._new.appendleft(utterance)
        while self._new:
            began = time.perf_counter()
            utterance = min(self._new, key=lambda each: each.request.priority)
            self._new.remove(utterance)
            try:
                self._begin(utterance)
            except NotYet as newcomer:
                utterance.status = UtteranceStatus.ENROLLING
                utterance.voice_ready = newcomer.ready
                self._enrolling.append(utterance)
            except Exception as error:
                self._fail(utterance, error)
            if time.perf_counter() - began > _LONG_S:
                return

    def _begin(self, utterance: Utterance) -> None:
        request = utterance.request
        if utterance.status is UtteranceStatus.NEW:
            utterance.began = time.perf_counter()
        if not request.text.strip():
            raise SynthesisFailed("There is nothing to say in this text.")
        utterance.text_tokens = self._text_tokenizer(request.text, request.language)
        utterance.voice = self._voices.find(request.voice)
        most = most_speech_tokens(request.text, request.language)
        utterance.cap = min(self.max_speech_tokens, most)
        if not self._scheduler.t3.fits(utterance):
            raise SynthesisFailed("This text is too long to be spoken in one piece.")
        utterance.end_stage("enrolment")
        self._scheduler.submit(utterance)
        self._begun.append(utterance)

    def _decode(self) -> None:
        try:
            with self._decoding_stream(), torch.inference_mode():
                ended = self._scheduler.advance()
        except torch.OutOfMemoryError as error:  # not even one could be decoded
            at_work = (UtteranceStatus.WAITING, UtteranceStatus.DECODING)
            for utterance in [each for each in self._utterances.values() if each.status in at_work]:
                self.cancel(utterance.request.job_id)
                self._fail(utterance, error)
            return
        for utterance in ended:
            utterance.end_stage("t3")
            if utterance.capped:
                count = len(utterance.speech_tokens)
                _log.warning("no stop token within %d tokens: the speech is cut", count)
            if utterance.status is UtteranceStatus.FAILED:
                _log.warning("the decoder computed no numbers any more: a job failed")
                self._end(utterance, SynthesisFailed("The voice model lost its way in this text."))
            elif utterance.frames < 1:
                sentence = "The voice model had nothing to say to this text."
                self._end(utterance, SynthesisFailed(sentence))
            else:
                self._ending.finish(utterance)
                self._sounding.add(utterance)

    def _may_wait(self, poll: Callable[[], None]) -> bool:
        """Whether there is nothing to do but to wait for sound, until that is nearly there."""
        while True:
            poll()
            if self._outcomes or self._scheduler.busy or self._new or self.others_at_work():
                return False
            if any(utterance.voice_ready() for utterance in self._enrolling):
                return False
            if self._sounding.pending[0].nearly_done():
                return True
            time.sleep(_GLANCE_S)  # the thread that reads commands needs the interpreter, too

    def _collect(self, pending: PendingWaveforms) -> None:
        try:
            waveforms = pending.wait()
        except Exception as error:
            for utterance in pending.batch:
                if not utterance.cancelled:
                    self._fail(utterance, error)
            return
        for utterance, waveform in zip(pending.batch, waveforms, strict=True):
            if not utterance.cancelled:
                utterance.stage_ms |= pending.stage_ms()
                self._end(utterance, self._speech(utterance, waveform))

    def _speech(self, utterance: Utterance, waveform: Tensor) -> Speech | SynthesisFailed:
        if not np.isfinite((pcm := waveform.numpy()).sum()):  # as all are: none is larger than one
            return SynthesisFailed("The voice model produced no usable sound for this text.")
        return Speech(
            pcm=pcm,
            sample_rate=self._info.sample_rate,
            substitution=utterance.voice.substitution,
            stage_ms=utterance.stage_ms,
        )

    def _fail(self, utterance: Utterance, error: Exception) -> None:
        """End a job that met `error`. Raises it where it is the device's and no job's."""
        self._end(utterance, failure_of_job(error))

    def _end(self, utterance: Utterance, result: Speech | SpeechError) -> None:
        utterance.status = UtteranceStatus.DONE
        self._utterances.pop(utterance.request.job_id, None)
        self._outcomes.append(Outcome(utterance.request.job_id, result))

    def _decoding_stream(self) -> AbstractContextManager[object]:
        return nullcontext() if self._stream is None else torch.cuda.stream(self._stream)
