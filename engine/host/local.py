"""Speech from a worker process on this machine.

Runs in the Discord process: it must never import torch nor block the loop. What waits is in
`engine.host.backlog`, `engine.host.supervisor` keeps the process; this file connects them.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec

from engine.errors import (
    BY_KIND,
    ExecutorClosed,
    OutOfMemory,
    SpeechError,
    SynthesisFailed,
    WorkerDied,
    WorkerUnavailable,
)
from engine.executor import ExecutorStatus
from engine.host.backlog import Backlog
from engine.host.limits import QueueLimits
from engine.host.restarts import RestartPolicy
from engine.host.supervisor import Supervisor
from engine.host.worker_process import WorkerProcess, worker_command
from engine.messages import (
    Cancel,
    EngineConfig,
    Enrolled,
    Failed,
    Forget,
    Forgotten,
    Narrowed,
    Progress,
    Ready,
    Spoken,
    WorkerReport,
)
from engine.speech import EngineInfo, Speech, SpeechRequest

log = logging.getLogger(__name__)


class LocalExecutor:
    """An `engine.executor.Executor` over one child process.

    The worker is given as many jobs at once as its engine works on (`EngineInfo.streams`, at most
    `config.max_streams`): more would only wait where neither priority nor fairness is known. It is
    replaced when it ends, by the time-outs of `limits`, when it ran out of memory, and when its
    output is not made of reports.
    """

    def __init__(
        self,
        config: EngineConfig,
        *,
        limits: QueueLimits,
        on_enrolled: Callable[[Enrolled], None],
        command: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        restarts: RestartPolicy | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Nothing is started before `start`.

        `on_enrolled` is called on the event loop and must not block. `command` and `environment`
        start another worker than this interpreter's with this process's variables. `chance`,
        uniform in [0, 1), spreads restarts.
        """
        self._policy = restarts or RestartPolicy()
        self._supervisor = Supervisor(
            config,
            limits,
            self._policy,
            chance=chance,
            start=partial(WorkerProcess.start, command or worker_command(), environment),
            on_report=self._on_report,
            on_loss=self._on_loss,
            on_give_up=self._on_give_up,
        )
        self._streams_max = config.max_streams
        self._on_enrolled = on_enrolled
        self._backlog = Backlog(limits.max_jobs)
        self._state = "starting"
        self._detail = "The speech engine has not been started yet."
        self._info: EngineInfo | None = None
        self._settled = asyncio.Event()  # ready, unavailable or closed: no need to wait
        self._forgetting: dict[str, asyncio.Future[None]] = {}  # asked of the present worker
        self._retry_at = 0.0

    @property
    def worker_pid(self) -> int | None:
        worker = self._supervisor.worker
        return worker.pid if worker else None

    async def start(self) -> None:
        self._refuse_if_down()
        if self._supervisor.workers_started == 0:
            self._begin("starting")

    async def engine_info(self) -> EngineInfo:
        """While a lost worker is being replaced, what it had loaded: the same is loaded again."""
        while True:
            self._refuse_if_down()
            if self._info is not None:
                return self._info
            await self._settled.wait()

    async def synthesise(self, request: SpeechRequest) -> Speech:
        """The samples are read-only: equal requests share them."""
        self._refuse_if_down()
        waiter = self._backlog.submit(request)
        self._dispatch()
        try:
            return await waiter.answer
        finally:
            job_id = self._backlog.leave(waiter)
            if job_id is not None and (worker := self._supervisor.ready_worker):
                worker.send(Cancel(job_id))
                self._dispatch()

    def promote(self, request: SpeechRequest) -> None:
        """What the worker has keeps the priority that it was sent with."""
        self._backlog.promote(request)

    async def forget(self, identity: str) -> None:
        """A worker that is lost meanwhile has nothing in memory any more.

        One that is loading is not waited for: it forgets before it takes jobs.
        """
        worker = self._supervisor.worker
        if worker is None:
            return
        worker.send(Forget(identity))
        if worker is not self._supervisor.ready_worker:
            return
        done = self._forgetting.get(identity)
        if done is None:
            done = self._forgetting[identity] = asyncio.get_running_loop().create_future()
        await asyncio.shield(done)

    def status(self) -> ExecutorStatus:
        return ExecutorStatus(
            state=self._state,
            detail=self._detail,
            engine=self._info,
            queued=self._backlog.queued,
            running=self._backlog.running,
            restarts=max(0, self._supervisor.workers_started - 1),
            waiting=dict(self._backlog.waiting),
            resident_bytes=self._supervisor.resident_bytes,
            gpu_bytes=self._supervisor.gpu_bytes,
        )

    async def close(self) -> None:
        """Fail what waits with `ExecutorClosed` and see the worker end, within 3 s."""
        if self._state != "closed":
            self._state, self._detail = "closed", "Timbre is shutting down."
            self._backlog.fail_all(ExecutorClosed("Timbre is shutting down."))
            self._settled.set()
        await self._supervisor.close()
        for identity in list(self._forgetting):
            self._forgotten(identity)

    # Called by the supervisor.

    def _begin(self, state: str) -> None:
        self._settled.clear()
        self._state, self._detail = state, "The speech engine is starting."
        self._supervisor.begin()

    def _on_loss(self, out_of_memory: bool) -> None:
        for identity in list(self._forgetting):
            self._forgotten(identity)
        error: SpeechError = WorkerDied(
            "The speech engine stopped twice while it was working on this."
        )
        if out_of_memory:
            error = OutOfMemory("The speech engine twice ran out of memory over this.")
        self._backlog.worker_lost(error)
        if self._state != "closed":
            self._state = "restarting"
            self._detail = "The speech engine was lost and is being restarted."

    def _on_give_up(self, reason: str) -> None:
        self._info = None
        self._retry_at = asyncio.get_running_loop().time() + self._policy.unavailable_pause_s
        self._state, self._detail = "unavailable", reason
        log.error("speech is unavailable: %s", reason)
        self._backlog.fail_all(self._unavailable())
        self._settled.set()

    # Reports of the worker.

    def _on_report(self, report: WorkerReport) -> None:
        match report:
            case Spoken():
                self._on_spoken(report)
            case Failed():
                self._on_failed(report)
            case Ready():
                self._on_ready(report.info)
            case Narrowed() if self._info is not None:
                self._info = msgspec.structs.replace(self._info, streams=report.streams)
            case Progress():
                self._on_progress(report)
            case Enrolled():
                try:
                    self._on_enrolled(report)
                except Exception:
                    log.exception("an enrolled voice could not be recorded")
            case Forgotten():
                self._forgotten(report.voice_identity)

    def _on_spoken(self, report: Spoken) -> None:
        try:
            if self._info is None or report.sample_rate != self._info.sample_rate:
                raise SynthesisFailed("The sound has another sample rate than the engine's.")
            self._backlog.finish(report.job_id, report.speech)
        except SynthesisFailed as error:
            self._backlog.fail(report.job_id, error)
        self._dispatch()

    def _on_failed(self, report: Failed) -> None:
        error = BY_KIND.get(report.kind, SynthesisFailed)(report.message)
        self._backlog.fail(report.job_id, error)
        if isinstance(error, OutOfMemory) and (worker := self._supervisor.worker):
            # What is left of its memory is in pieces; a new process starts with all of it.
            worker.kill("its engine ran out of memory")
        self._dispatch()

    def _on_ready(self, info: EngineInfo) -> None:
        if self._state == "closed":
            return
        self._info = info
        self._state, self._detail = "ready", info.reason
        log.info(
            "speech engine ready",
            extra={"engine": info.name, "device": info.device, "precision": info.precision},
        )
        self._settled.set()
        self._dispatch()

    def _on_progress(self, report: Progress) -> None:
        done = "" if report.fraction is None else f" ({report.fraction:.0%})"
        detail = f"{report.activity}{done}"
        if self._state in ("starting", "restarting") and detail != self._detail:
            if not self._detail.startswith(report.activity):
                log.info("%s", report.activity)
            self._detail = detail

    def _forgotten(self, identity: str) -> None:
        if done := self._forgetting.pop(identity, None):
            done.set_result(None)

    # Shared by these.

    def _dispatch(self) -> None:
        worker = self._supervisor.ready_worker
        if worker is None or self._info is None:
            return
        streams = max(1, min(self._info.streams, self._streams_max))
        while (job := self._backlog.start(streams)) is not None:
            worker.send(job)

    def _unavailable(self) -> WorkerUnavailable:
        return WorkerUnavailable(f"Speech is not available. {self._detail}")

    def _refuse_if_down(self) -> None:
        """Raise `ExecutorClosed` or `WorkerUnavailable`; begin again once it is time to."""
        if self._state == "closed":
            raise ExecutorClosed("Timbre is shutting down.")
        if self._state != "unavailable":
            return
        if asyncio.get_running_loop().time() < self._retry_at:
            raise self._unavailable()
        self._begin("restarting")
