"""An engine that speaks one job at a time, driven in steps like one that batches."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from engine.errors import SpeechError, SynthesisFailed
from engine.failures import is_device_fault, log_without_values, understood
from engine.messages import Speak
from engine.protocol import Outcome
from engine.speech import EngineInfo, Speech


class OneAtATime(Protocol):
    """A loaded model that speaks one job from beginning to end."""

    @property
    def info(self) -> EngineInfo:
        """What was loaded, and why."""

    def synthesise(self, job: Speak, cancelled: Callable[[], bool]) -> Speech:
        """Speak `job`; ask `cancelled` as often as is cheap and return anything once it is true.

        Raises a `SpeechError` or `MemoryError`; anything else is reported as `SynthesisFailed`.
        """

    def forget(self, clip_sha256: str) -> None:
        """Remove what was derived from a clip, in memory and on disk. Not during `synthesise`."""


class SerialEngine:
    """An `engine.protocol.Engine`: a step is one job, first come, first served."""

    def __init__(self, speaker: OneAtATime) -> None:
        self._speaker = speaker
        self._waiting: deque[Speak] = deque()
        self._current: int | None = None
        self._cancelled = False
        #: Called whenever the job at work asks whether it was cancelled. The loop hears its
        #: commands in it, so that `admit` and `cancel` come in during a step too, in this thread.
        self.attend: Callable[[], None] = lambda: None

    @property
    def info(self) -> EngineInfo:
        """What was loaded, and why."""
        return self._speaker.info

    @property
    def busy(self) -> bool:
        """Whether a job waits."""
        return bool(self._waiting)

    def admit(self, job: Speak) -> None:
        """Put `job` behind the others."""
        self._waiting.append(job)

    def cancel(self, job_id: int) -> None:
        """Forget a job that waits; let one at work know. Unknown ids are ignored."""
        if job_id == self._current:
            self._cancelled = True
        self._waiting = deque(job for job in self._waiting if job.job_id != job_id)

    def forget(self, clip_sha256: str) -> None:
        """Have the speaker forget a clip."""
        self._speaker.forget(clip_sha256)

    def step(self) -> Sequence[Outcome]:
        """Do one job, from beginning to end. Returns nothing for one that was cancelled."""
        if not self._waiting:
            return ()
        job = self._waiting.popleft()
        self._current, self._cancelled = job.job_id, False
        try:
            result = self._speak(job)
        finally:
            self._current = None
        return () if self._cancelled else (Outcome(job.job_id, result),)

    def rest(self) -> float | None:
        """Nothing is let go of."""
        return None

    def close(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def _speak(self, job: Speak) -> Speech | SpeechError:
        try:
            return self._speaker.synthesise(job, self._is_cancelled)
        except Exception as error:  # whatever a model raises concerns this job alone ...
            if is_device_fault(error):
                raise  # ... but what a device does not
            failure = understood(error)
            if isinstance(failure, SynthesisFailed) and failure is not error:
                log_without_values("a job failed", error)
            return failure

    def _is_cancelled(self) -> bool:
        self.attend()
        return self._cancelled
