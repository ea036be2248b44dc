"""Speech from worker processes: one queue before them all.

Runs in the Discord process: it must never import torch nor block the loop. What waits is in
`engine.host.backlog`, `engine.host.dispatcher` gives it out, `engine.host.supervisor` keeps a
process, `engine.host.seat` is what is known of one; this file connects them.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from functools import partial

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
from engine.host.dispatcher import Dispatcher
from engine.host.limits import QueueLimits
from engine.host.restarts import RestartPolicy
from engine.host.scaling import Scaling, keep_to
from engine.host.seat import Seat, WorkerPlace
from engine.host.supervisor import Supervisor
from engine.host.worker_process import WorkerProcess
from engine.messages import (
    Enrolled,
    Failed,
    Forgotten,
    Narrowed,
    Progress,
    Ready,
    Spoken,
    WorkerReport,
)
from engine.speech import EngineInfo, Speech, SpeechRequest

log = logging.getLogger(__name__)


class WorkerPool:
    """An `engine.executor.Executor` over child processes, one for each place.

    A worker is given as many jobs at once as its engine works on (`EngineInfo.streams`, at most
    `config.max_streams`): more would only wait where neither priority nor fairness is known. It is
    replaced when it ends, by the time-outs of `limits`, when it ran out of memory, and when its
    output is not made of reports. All workers make the same sound of a request: one whose engine is
    another than the others' is not used.
    """

    def __init__(
        self,
        places: Sequence[WorkerPlace],
        *,
        limits: QueueLimits,
        on_enrolled: Callable[[Enrolled], None],
        restarts: RestartPolicy | None = None,
        scaling: Scaling | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Nothing is started before `start`. By `scaling` there are workers in some of `places`.

        `on_enrolled` is called on the event loop and must not block. `chance`, uniform in [0, 1),
        spreads restarts.
        """
        self._policy = restarts or RestartPolicy()
        self._limits = limits
        self._chance = chance
        self._seats = [self._seat(number, place) for number, place in enumerate(places)]
        self._on_enrolled = on_enrolled
        self._backlog = Backlog(limits.max_jobs)
        self._dispatcher = Dispatcher(self._seats, self._backlog)
        self._scaling = scaling
        self._scaler: asyncio.Task[None] | None = None
        for seat in self._seats[scaling.least :] if scaling else ():
            seat.resting = True
        self._info: EngineInfo | None = None
        self._closed = False
        self._settled = asyncio.Event()  # ready, unavailable or closed: no need to wait

    def _seat(self, number: int, place: WorkerPlace) -> Seat:
        supervisor = Supervisor(
            place.config,
            self._limits,
            self._policy,
            chance=self._chance,
            start=partial(WorkerProcess.start, place.command, place.environment),
            on_report=lambda report: self._on_report(seat, report),
            on_loss=lambda out_of_memory: self._on_loss(seat, out_of_memory),
            on_give_up=lambda reason: self._on_give_up(seat, reason),
        )
        seat = Seat(number, place, supervisor)
        return seat

    @property
    def worker_pids(self) -> list[int | None]:
        """The present workers' processes, by place; None where there is none."""
        workers = [seat.supervisor.worker for seat in self._seats]
        return [worker.pid if worker else None for worker in workers]

    async def start(self) -> None:
        self._refuse_if_down()
        for seat in self._awake:
            if seat.supervisor.workers_started == 0:
                seat.begin("starting")
        if self._scaling is not None and self._scaler is None:
            keeping = keep_to(self._scaling, self._seats, self._backlog)
            self._scaler = asyncio.create_task(keeping, name="number of speech workers")

    async def engine_info(self) -> EngineInfo:
        """While lost workers are being replaced, what they had loaded: the same is loaded again."""
        while True:
            self._refuse_if_down()
            if self._info is not None:
                return self._info
            await self._settled.wait()

    async def synthesise(self, request: SpeechRequest) -> Speech:
        """The samples are read-only: equal requests share them."""
        self._refuse_if_down()
        waiter = self._backlog.submit(request)
        self._dispatcher.dispatch()
        try:
            return await waiter.answer
        finally:
            job_id = self._backlog.leave(waiter)
            if job_id is not None:
                self._seats[waiter.job.worker].cancel(job_id)
                self._dispatcher.dispatch()

    def promote(self, request: SpeechRequest) -> None:
        """What a worker has keeps the priority that it was sent with."""
        self._backlog.promote(request)

    async def forget(self, identity: str) -> None:
        """Return once every worker has forgotten, the one that takes longest included."""
        await asyncio.gather(*(seat.forget(identity) for seat in self._seats))

    def status(self) -> ExecutorStatus:
        seat = self._most_able()
        workers = [each.status(self._backlog.running_on(each.number)) for each in self._awake]
        detail = seat.detail
        if len(workers) > 1:
            ready = sum(worker.state == "ready" for worker in workers)
            detail = f"{detail.removesuffix('.')}. {ready} of {len(workers)} workers are ready."
        return ExecutorStatus(
            state="closed" if self._closed else seat.state,
            detail="Timbre is shutting down." if self._closed else detail,
            engine=self._info,
            queued=self._backlog.queued,
            running=self._backlog.running,
            restarts=sum(each.restarts for each in self._seats),
            waiting=dict(self._backlog.waiting),
            resident_bytes=sum(worker.resident_bytes for worker in workers),
            gpu_bytes=sum(worker.gpu_bytes for worker in workers),
            workers=tuple(workers),
        )

    async def close(self) -> None:
        """Fail what waits with `ExecutorClosed` and see the workers end, within 3 s."""
        if not self._closed:
            self._closed = True
            self._backlog.fail_all(ExecutorClosed("Timbre is shutting down."))
            self._settled.set()
            if self._scaler is not None:
                self._scaler.cancel()
        await asyncio.gather(*(seat.supervisor.close() for seat in self._seats))
        for seat in self._seats:
            seat.lost()

    # Called by the supervisors.

    def _on_loss(self, seat: Seat, out_of_memory: bool) -> None:
        seat.lost()
        error: SpeechError = WorkerDied(
            "The speech engine stopped twice while it was working on this."
        )
        if out_of_memory:
            error = OutOfMemory("The speech engine twice ran out of memory over this.")
        self._backlog.worker_lost(error, seat.number)
        seat.state = "restarting"
        seat.detail = "The speech engine was lost and is being restarted."
        self._dispatcher.dispatch()

    def _on_give_up(self, seat: Seat, reason: str) -> None:
        seat.retry_at = asyncio.get_running_loop().time() + self._policy.unavailable_pause_s
        seat.state, seat.detail = "unavailable", reason
        log.error("speech is unavailable: %s", reason, extra={"worker": seat.name})
        if any(each.state != "unavailable" for each in self._awake):
            return
        self._info = None
        self._backlog.fail_all(self._unavailable())
        self._settled.set()

    # Reports of the workers.

    def _on_report(self, seat: Seat, report: WorkerReport) -> None:
        match report:
            case Spoken():
                self._on_spoken(report)
            case Failed():
                self._on_failed(seat, report)
            case Ready():
                self._on_ready(seat, report.info)
            case Narrowed() if seat.info is not None:
                seat.narrow(report.streams)
                self._info = seat.info
            case Progress():
                seat.progress(report)
            case Enrolled():
                try:
                    self._on_enrolled(report)
                except Exception:
                    log.exception("an enrolled voice could not be recorded")
            case Forgotten():
                seat.forgotten(report.voice_identity)

    def _on_spoken(self, report: Spoken) -> None:
        try:
            if self._info is None or report.sample_rate != self._info.sample_rate:
                raise SynthesisFailed("The sound has another sample rate than the engine's.")
            self._backlog.finish(report.job_id, report.speech)
        except SynthesisFailed as error:
            self._backlog.fail(report.job_id, error)
        self._dispatcher.dispatch()

    def _on_failed(self, seat: Seat, report: Failed) -> None:
        error = BY_KIND.get(report.kind, SynthesisFailed)(report.message)
        self._backlog.fail(report.job_id, error)
        if isinstance(error, OutOfMemory) and (worker := seat.supervisor.worker):
            # What is left of its memory is in pieces; a new process starts with all of it.
            worker.kill("its engine ran out of memory")
        self._dispatcher.dispatch()

    def _on_ready(self, seat: Seat, info: EngineInfo) -> None:
        if self._closed or seat.resting:
            return
        others = [each for each in self._seats if each.info is not None and each is not seat]
        unlike = [each for each in others if each.info and each.info.identities != info.identities]
        if unlike and not self._is_preferred(info):
            seat.supervisor.refuse(
                f"It would speak otherwise than the other workers: {info.reason}"
            )
            return
        for other in unlike:
            reason = other.info.reason if other.info else ""
            other.info = None
            other.supervisor.refuse(f"It would speak otherwise than the other workers: {reason}")
        self._info = info
        seat.ready(info)
        log.info(
            "speech engine ready",
            extra={
                "engine": info.name,
                "device": info.device,
                "precision": info.precision,
                "worker": seat.name,
            },
        )
        self._settled.set()
        self._dispatcher.dispatch()

    def _is_preferred(self, info: EngineInfo) -> bool:
        """Whether a worker unlike the others is the better: members' own voices before stock."""
        return self._info is not None and info.clones_voices and not self._info.clones_voices

    # Shared by these.

    @property
    def _awake(self) -> list[Seat]:
        return [seat for seat in self._seats if not seat.resting]

    def _most_able(self) -> Seat:
        order = ("ready", "restarting", "starting", "unavailable")
        return min(self._awake, key=lambda seat: order.index(seat.state))

    def _unavailable(self) -> WorkerUnavailable:
        return WorkerUnavailable(f"Speech is not available. {self._most_able().detail}")

    def _refuse_if_down(self) -> None:
        """Raise `ExecutorClosed` or `WorkerUnavailable`; begin again where it is time to."""
        if self._closed:
            raise ExecutorClosed("Timbre is shutting down.")
        now = asyncio.get_running_loop().time()
        for seat in self._awake:
            if seat.state == "unavailable" and now >= seat.retry_at:
                if self._info is None:
                    self._settled.clear()
                seat.begin("restarting")
        if all(seat.state == "unavailable" for seat in self._awake):
            raise self._unavailable()
