"""An engine that speaks one job at a time, driven in steps like one that batches."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from engine.errors import SpeechError
from engine.failures import failure_of_job
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

    def forget(self, identity: str) -> None:
        """Remove what was derived from a clip, in memory and on disk. Not during `synthesise`."""


class SerialEngine:
    """An `engine.protocol.Engine`: a step is one job, first come, first served."""

    def __init__(self, model: OneAtATime) -> None:
        self._model = model
        self._waiting: deque[Speak] = deque()
        self._current: int | None = None  # the job at work; none once it is cancelled

    @property
    def info(self) -> EngineInfo:
        return self._model.info

    @property
    def busy(self) -> bool:
        return bool(self._waiting)

    def admit(self, job: Speak) -> None:
        self._waiting.append(job)

    def cancel(self, job_id: int) -> None:
        """Drop a job that waits; let one at work know. Unknown ids are ignored."""
        if job_id == self._current:
            self._current = None
        self._waiting = deque(job for job in self._waiting if job.job_id != job_id)

    def forget(self, identity: str) -> None:
        self._model.forget(identity)

    def step(self, poll: Callable[[], None] = lambda: None, /) -> Sequence[Outcome]:
        """Do one job, from beginning to end. Returns nothing for one that was cancelled."""
        if not self._waiting:
            return ()
        job = self._waiting.popleft()
        self._current = job.job_id

        def cancelled() -> bool:
            poll()
            return self._current is None

        result: Speech | SpeechError
        try:
            result = self._model.synthesise(job, cancelled)
        except Exception as error:
            result = failure_of_job(error)
        was_cancelled, self._current = self._current is None, None
        return () if was_cancelled else (Outcome(job.job_id, result),)

    def idle(self) -> float | None:
        return None

    def close(self) -> None:
        self._waiting.clear()
