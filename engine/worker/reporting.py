"""The worker's reports, sent from any of its threads, and its heartbeat."""

import os
import threading
import time
from collections.abc import Callable
from functools import partial

from engine import framing
from engine.framing import FrameError
from engine.messages import Failed, Heartbeat, Spoken, WorkerReport
from engine.worker.pipes import resident_bytes


class ReportWriter:
    """Writes reports, whole, from any thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def __call__(self, report: WorkerReport) -> None:
        """Write one report. Raises `OSError` when the Discord process is gone.

        Speech too long for a frame is reported as a failure.
        """
        try:
            data = framing.frame(report)
        except FrameError:
            if not isinstance(report, Spoken):
                raise
            data = framing.frame(
                Failed(
                    report.job_id, "synthesis_failed", "The speech came out too long to be sent."
                )
            )
        rest = memoryview(data)
        with self._lock:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]


class Pulse:
    """The heartbeat, with the age of the main thread's step. Loading counts as no step."""

    def __init__(self) -> None:
        self._step_began: float | None = None
        self._gpu_bytes: Callable[[], int] = int

    def loaded(self, device: str) -> None:
        """An engine runs on `device`: from now on its GPU's memory is told, if it has one."""
        if device == "cuda":
            import torch  # noqa: PLC0415 - the engine has it loaded

            # What its allocator holds: it asks the driver nothing, and so disturbs no capture.
            self._gpu_bytes = partial(torch.cuda.memory_reserved, 0)

    def step_begins(self) -> None:
        self._step_began = time.monotonic()

    def step_ends(self) -> None:
        self._step_began = None

    def beat(self, report: Callable[[WorkerReport], None], interval_s: float) -> None:
        """Report for ever. A thread's target."""
        while True:
            began = self._step_began
            age_s = 0.0 if began is None else time.monotonic() - began
            try:
                report(Heartbeat(age_s, resident_bytes(), self._gpu_bytes()))
            except OSError:
                return  # the Discord process is gone; the reader ends this one
            time.sleep(interval_s)
