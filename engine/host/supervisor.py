"""Keeps one worker process running: starts it, watches it, replaces it, gives up on it.

Knows nothing of jobs. Belongs to one event loop and must never block it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from engine.host.limits import QueueLimits
from engine.host.restarts import RestartPolicy
from engine.host.worker_process import WorkerProcess
from engine.messages import EngineConfig, Heartbeat, Ready, Start, Unable, WorkerReport

#: How long a worker has to stop when asked to. With the time to kill it, `close` takes under 3 s.
STOP_PATIENCE_S = 1.0
#: The longest silence of a worker that is loading: the interpreter stands still, and its heartbeat
#: with it, while a library of gigabytes comes from a cold disk.
LOADING_SILENCE_S = 120.0
_REASON_MAX_CHARS = 300

log = logging.getLogger(__name__)


class Supervisor:
    """One worker after the other, from `begin` until `close` or until it gives up.

    It may begin again after either.

    `on_report` is called with every report, `on_loss` when a worker has ended, with whether it ran
    out of memory, and `on_give_up` with the reason why no further one is started until `begin` is
    called again. `start` starts a process that hands its reports to what it is given; it raises
    `OSError`.
    """

    def __init__(
        self,
        config: EngineConfig,
        limits: QueueLimits,
        policy: RestartPolicy,
        *,
        chance: Callable[[], float],
        start: Callable[[Callable[[WorkerReport], None]], Awaitable[WorkerProcess]],
        on_report: Callable[[WorkerReport], None],
        on_loss: Callable[[bool], None],
        on_give_up: Callable[[str], None],
    ) -> None:
        self._config = config
        self._limits = limits
        self._policy = policy
        self._chance = chance
        self._start = start
        self._on_report = on_report
        self._on_loss = on_loss
        self._on_give_up = on_give_up
        self._keeper: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._for_good = False
        self.worker: WorkerProcess | None = None  # the present one; it may still be loading
        self.workers_started = 0
        # Of the present worker:
        self._ready_at: float | None = None
        self._step_patience = 1.0
        self._unable: str | None = None
        self._silence_s = 0.0
        self.resident_bytes = 0
        self.gpu_bytes = 0

    @property
    def ready_worker(self) -> WorkerProcess | None:
        """The worker that takes jobs, if there is one: what another is given is lost."""
        worker = self.worker
        return worker if worker and worker.usable and self._ready_at is not None else None

    def begin(self) -> None:
        """Start a worker, unless one is being kept already. Returns at once."""
        if self._keeper is None or self._keeper.done():
            self._closing.clear()
            self._keeper = asyncio.create_task(self._keep_a_worker(), name="speech worker")

    def refuse(self, reason: str) -> None:
        """Give up on the present worker, which is of no use; `reason` is a sentence."""
        self._unable = reason
        if self.worker is not None:
            self.worker.kill("it cannot load the engine that is wanted")

    async def close(self, *, for_good: bool = False) -> None:
        """Stop the worker and wait for its end, at most 3 s. `for_good` is as in `Stop`."""
        self._for_good = for_good
        self._closing.set()
        if self._keeper is not None:
            await asyncio.wait({self._keeper})

    async def _keep_a_worker(self) -> None:
        losses = losses_while_loading = 0
        closing = asyncio.create_task(self._closing.wait(), name="speech worker closing")
        try:
            while True:
                reason = await self._run_worker(closing)
                if closing.done():
                    return
                losses = 1 if self._was_healthy() else losses + 1
                losses_while_loading = 0 if self._ready_at else losses_while_loading + 1
                if self._unable is not None or losses_while_loading >= self._policy.load_attempts:
                    self._on_give_up(self._unable or reason)
                    return
                pause_s = self._policy.pause_s(losses, self._chance())
                log.info("the next worker starts in %.2f s", pause_s)
                await asyncio.wait({closing}, timeout=pause_s)
                if closing.done():
                    return
        except Exception:
            log.exception("the speech worker can no longer be looked after")
            if not closing.done():
                self._on_give_up("There is an error in Timbre itself; its log has it.")
        finally:
            closing.cancel()

    def _was_healthy(self) -> bool:
        if self._ready_at is None:
            return False
        lifetime_s = asyncio.get_running_loop().time() - self._ready_at
        return lifetime_s >= self._policy.healthy_after_s

    async def _run_worker(self, closing: asyncio.Task[bool]) -> str:
        """From the start of a worker to its end; returns how it ended, in a sentence."""
        self._ready_at = self._unable = None
        self._silence_s, self.resident_bytes, self.gpu_bytes = 0.0, 0, 0
        self.workers_started += 1
        try:
            worker = await self._start(self._handle)
        except OSError as error:
            log.error("the speech worker cannot be started: %s", error)
            self._on_loss(False)
            return f"The speech worker cannot be started: {error.strerror or error}."
        self.worker = worker
        try:
            log.info("speech worker started", extra={"pid": worker.pid})
            worker.send(Start(self._config))
            await self._watch(worker, closing)
            if closing.done():
                await worker.stop(STOP_PATIENCE_S, for_good=self._for_good)
            else:
                await worker.gone()
        finally:
            worker.release()
            self.worker = None
        if not closing.done():
            log.warning(
                "the speech worker %s", worker.end, extra={"resident_bytes": self.resident_bytes}
            )
            self._on_loss(worker.ran_out_of_memory)
        reason = f"The speech worker {worker.end}: {worker.last_line}"
        return reason.removesuffix(": ")[:_REASON_MAX_CHARS]

    async def _watch(self, worker: WorkerProcess, closing: asyncio.Task[bool]) -> None:
        """Wait until the worker has ended, or hangs and was killed, or this supervisor closes.

        Silence is counted in ticks, not read off a clock: a worker is not blamed for reports that
        could not arrive while the machine slept or this loop was held up.
        """
        tick_s = min(1.0, self._limits.heartbeat_timeout_s / 4)
        ends: set[asyncio.Future[Any]] = {worker.ended, closing}
        while not any(end.done() for end in ends):
            await asyncio.wait(ends, timeout=tick_s, return_when=asyncio.FIRST_COMPLETED)
            self._silence_s += tick_s
            limit_s = self._limits.heartbeat_timeout_s
            if self._ready_at is None:
                limit_s = max(limit_s, LOADING_SILENCE_S)
            if self._silence_s > limit_s:
                worker.kill(f"it was not heard of for {limit_s:g} s")
                return

    def _handle(self, report: WorkerReport) -> None:
        self._silence_s = 0.0
        match report:
            case Heartbeat():
                self.resident_bytes, self.gpu_bytes = report.resident_bytes, report.gpu_bytes
                limit_s = self._limits.step_timeout_s * self._step_patience
                if report.step_age_s > limit_s and self.worker is not None:
                    self.worker.kill(f"one step took more than {limit_s:g} s")
            case Ready():
                self._ready_at = asyncio.get_running_loop().time()
                self._step_patience = report.info.step_patience
            case Unable():
                self.refuse(report.reason)
        self._on_report(report)
