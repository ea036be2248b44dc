"""What the worker's loop needs of an engine.

An engine is driven in steps from one thread, so that a batching engine can admit and drop jobs
between any two steps of decoding; `engine.worker.serial` adapts an engine that can only do one
job at a time.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from engine.errors import SpeechError
from engine.messages import Speak
from engine.speech import EngineInfo, Speech


class Outcome(msgspec.Struct, frozen=True):
    """How one job ended."""

    job_id: int
    result: Speech | SpeechError


class Engine(Protocol):
    """A loaded model that speaks. Not thread-safe: everything is called from the loop's thread."""

    @property
    def info(self) -> EngineInfo:
        """What was loaded, and why. `streams` gets smaller where memory runs out."""

    @property
    def busy(self) -> bool:
        """Whether `step` has anything to do."""

    def admit(self, job: Speak) -> None:
        """Take a job. Never blocks; a job that cannot be done fails in a later `step`."""

    def cancel(self, job_id: int) -> None:
        """Drop a job and free what it holds. Unknown ids are ignored: it may just have ended."""

    def forget(self, identity: str) -> None:
        """Remove what was derived from a clip, in memory and on disk.

        Called between steps. Jobs that speak in this voice were cancelled before.
        """

    def step(self, poll: Callable[[], None] = ..., /) -> Sequence[Outcome]:
        """Do one bounded piece of work and return the jobs that it ended.

        `poll` handles the commands that have come in. A step that takes seconds, or waits for the
        device, calls it as often as is cheap; `admit` and `cancel` may be called in it, from this
        thread.

        Raises only for faults that leave the engine unusable: the worker then exits and is
        restarted. A job's own failure is an `Outcome` with a `SpeechError`.
        """

    def idle(self) -> float | None:
        """Do one bounded piece of what nobody waits for; called while there is nothing to do.

        Such as releasing what has not been in use lately. Returns after how many seconds to call
        it again; None if there is no need. Raises as `step` does.
        """

    def close(self) -> None:
        """Release what the engine holds."""
