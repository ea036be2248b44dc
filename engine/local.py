"""Speech from a worker process on this machine: queued, watched, restarted.

Runs in the Discord process: it must never import torch nor block the loop. What waits is in
`engine.backlog`, the process in `engine.worker_process`; this file decides between them.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from engine.backlog import Backlog
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
from engine.messages import (
    Cancel,
    EngineConfig,
    Enrolled,
    Failed,
    Forget,
    Forgotten,
    Heartbeat,
    Progress,
    Ready,
    Report,
    Spoken,
    Start,
    Unable,
)
from engine.restarts import RestartPolicy
from engine.speech import EngineInfo, Speech, SpeechRequest
from engine.worker_process import WorkerProcess, worker_command

#: How long a worker has to stop when asked to. With the time to kill it, `close` takes under 3 s.
STOP_PATIENCE_S = 1.5
#: The longest silence of a worker that is loading: the interpreter stands still, and its heartbeat
#: with it, while a library of gigabytes comes from a cold disk.
LOADING_SILENCE_S = 120.0
_REASON_MAX_CHARS = 200

log = logging.getLogger(__name__)


class LocalExecutor:
    """An `engine.executor.Executor` over one child process.

    The worker is given as many jobs at once as its engine works on (`EngineInfo.streams`, at most
    `config.max_streams`): more would only wait where neither priority nor fairness is known. It is
    replaced when it ends, when nothing was heard of it for `heartbeat_timeout_s`, when a step of
    its engine takes longer than `step_timeout_s`, when it ran out of memory, and when its output
    is not made of reports.
    """

    def __init__(
        self,
        config: EngineConfig,
        *,
        queued_max: int,
        heartbeat_timeout_s: float,
        step_timeout_s: float,
        on_enrolled: Callable[[Enrolled], None],
        command: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        restarts: RestartPolicy | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Nothing is started before `start`.

        At most `queued_max` jobs wait. `on_enrolled` is called on the event loop and must not
        block. `command` and `environment` start another worker than this interpreter's with this
        process's variables. `chance`, uniform in [0, 1), spreads restarts.
        """
        self._config = config
        self._heartbeat_timeout_s = heartbeat_timeout_s
        self._step_timeout_s = step_timeout_s
        self._on_enrolled = on_enrolled
        self._command = tuple(command or worker_command())
        self._environment = environment
        self._policy = restarts or RestartPolicy()
        self._chance = chance

        self._backlog = Backlog(queued_max)
        self._state = "starting"
        self._detail = "The speech engine has not been started yet."
        self._info: EngineInfo | None = None
        self._settled = asyncio.Event()  # ready, unavailable or closed: no need to wait
        self._closing = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._worker: WorkerProcess | None = None
        self._forgetting: dict[str, asyncio.Future[None]] = {}  # asked of the present worker
        self._workers_started = 0
        self._retry_at = 0.0
        # Of the present worker:
        self._ready_at: float | None = None
        self._unable: str | None = None
        self._silence_s = 0.0
        self._resident_bytes = 0

    @property
    def worker_pid(self) -> int | None:
        """The process id of the present worker, if there is one."""
        return self._worker.pid if self._worker else None

    async def start(self) -> None:
        """Begin loading and return at once. Raises `ExecutorClosed`."""
        self._refuse_if_closed()
        if self._keeper is None:
            self._begin("starting")

    async def engine_info(self) -> EngineInfo:
        """The loaded engine; waits for the first one.

        While a lost worker is being replaced, what it had loaded: the same is loaded again.
        Raises `WorkerUnavailable` or `ExecutorClosed`.
        """
        while True:
            self._refuse_if_closed()
            self._refuse_if_unavailable()
            if self._info is not None:
                return self._info
            await self._settled.wait()

    async def synthesise(self, request: SpeechRequest) -> Speech:
        """Speak one request. The samples are read-only: equal requests share them.

        Raises a `SpeechError`.
        """
        self._refuse_if_closed()
        self._refuse_if_unavailable()
        waiter = self._backlog.submit(request)
        self._dispatch()
        try:
            return await waiter.answer
        finally:
            job_id = self._backlog.leave(waiter)
            if job_id is not None and self._worker is not None:
                self._worker.send(Cancel(job_id))
                self._dispatch()

    async def forget(self, clip_sha256: str) -> None:
        """Have the worker remove what it derived from a clip, and wait until it has.

        One that is lost meanwhile has nothing in memory any more; one that is loading has nothing
        yet, and is told without being waited for.
        """
        if self._worker is None or not self._worker.usable:
            return
        self._worker.send(Forget(clip_sha256))
        if self._ready_at is None:
            return
        done = self._forgetting.get(clip_sha256)
        if done is None:
            done = self._forgetting[clip_sha256] = asyncio.get_running_loop().create_future()
        await asyncio.shield(done)

    def status(self) -> ExecutorStatus:
        """How things stand now."""
        return ExecutorStatus(
            state=self._state,
            detail=self._detail,
            engine=self._info,
            queued=self._backlog.queued,
            running=self._backlog.running,
            restarts=max(0, self._workers_started - 1),
        )

    async def close(self) -> None:
        """Fail what waits with `ExecutorClosed` and see the worker end, within 3 s."""
        if self._state != "closed":
            self._set_state("closed", "Timbre is shutting down.")
            self._backlog.fail_all(ExecutorClosed("Timbre is shutting down."))
            self._settled.set()
            self._closing.set()
        if self._keeper is not None:
            await asyncio.wait({self._keeper})

    # The life of workers.

    def _begin(self, state: str) -> None:
        self._settled.clear()
        self._set_state(state, "The speech engine is starting.")
        self._keeper = asyncio.create_task(self._keep_a_worker(), name="speech worker")

    async def _keep_a_worker(self) -> None:
        """Run one worker after the other until closed or unavailable."""
        losses = losses_while_loading = 0
        closing = asyncio.create_task(self._closing.wait(), name="speech worker closing")
        try:
            while True:
                reason = await self._run_worker(closing)
                if closing.done():
                    return
                lifetime_s = self._lifetime_s()
                losses = 1 if lifetime_s >= self._policy.healthy_after_s else losses + 1
                losses_while_loading = 0 if self._ready_at else losses_while_loading + 1
                if self._unable is not None or losses_while_loading >= self._policy.load_attempts:
                    self._give_up(self._unable or reason)
                    return
                pause_s = self._policy.pause_s(losses, self._chance())
                self._set_state("restarting", "The speech engine was lost and is being restarted.")
                log.info("the next worker starts in %.2f s", pause_s)
                await asyncio.wait({closing}, timeout=pause_s)
                if closing.done():
                    return
        except Exception:
            log.exception("the speech worker can no longer be looked after")
            if not closing.done():
                self._give_up("There is an error in Timbre itself; its log has it.")
        finally:
            closing.cancel()

    def _lifetime_s(self) -> float:
        if self._ready_at is None:
            return 0.0
        return asyncio.get_running_loop().time() - self._ready_at

    async def _run_worker(self, closing: asyncio.Task[bool]) -> str:
        """From the start of a worker to its end; returns why it ended, in a sentence."""
        self._ready_at = self._unable = None
        self._silence_s, self._resident_bytes = 0.0, 0
        self._workers_started += 1
        try:
            worker = await WorkerProcess.start(self._command, self._environment, self._on_report)
        except OSError as error:
            log.error("the speech worker cannot be started: %s", error)
            return f"It cannot be started: {error.strerror or error}."
        self._worker = worker
        try:
            log.info("speech worker started", extra={"pid": worker.pid})
            worker.send(Start(self._config))
            await self._watch(worker, closing)
            if closing.done():
                await worker.stop(STOP_PATIENCE_S)
            else:
                await worker.gone()
        finally:
            worker.let_go()
            self._worker = None
            for clip_sha256 in list(self._forgetting):
                self._forgotten(clip_sha256)
        if not closing.done():
            self._on_loss(worker)
        return worker.last_line[:_REASON_MAX_CHARS] or f"It {worker.end}."

    async def _watch(self, worker: WorkerProcess, closing: asyncio.Task[bool]) -> None:
        """Wait until the worker has ended, or hangs and was killed, or is not needed any more.

        Silence is counted in ticks, not read off a clock: after the machine was asleep, or this
        loop was held up, a worker is not blamed for what could not be heard.
        """
        tick_s = min(1.0, self._heartbeat_timeout_s / 4)
        ends: set[asyncio.Future[Any]] = {worker.ended, closing}
        while not any(end.done() for end in ends):
            await asyncio.wait(ends, timeout=tick_s, return_when=asyncio.FIRST_COMPLETED)
            self._silence_s += tick_s
            limit_s = self._heartbeat_timeout_s
            if self._ready_at is None:
                limit_s = max(limit_s, LOADING_SILENCE_S)
            if self._silence_s > limit_s:
                worker.kill(f"it was not heard of for {limit_s:g} s")
                return

    def _on_loss(self, worker: WorkerProcess) -> None:
        log.warning(
            "the speech worker %s",
            worker.end,
            extra={"held_jobs": self._backlog.running, "resident_bytes": self._resident_bytes},
        )
        error: SpeechError = WorkerDied(
            "The speech engine stopped twice while it was working on this."
        )
        if worker.ran_out_of_memory:
            error = OutOfMemory("The speech engine twice ran out of memory over this.")
        self._backlog.worker_lost(error)

    def _give_up(self, reason: str) -> None:
        self._info = None
        self._retry_at = asyncio.get_running_loop().time() + self._policy.unavailable_pause_s
        self._set_state("unavailable", reason)
        log.error("speech is unavailable: %s", reason)
        self._backlog.fail_all(self._unavailable())
        self._settled.set()

    # What the worker says.

    def _on_report(self, report: Report) -> None:
        self._silence_s = 0.0
        match report:
            case Heartbeat():
                self._resident_bytes = report.resident_bytes
                if report.step_age_s > self._step_timeout_s and self._worker is not None:
                    self._worker.kill(f"one step took more than {self._step_timeout_s:g} s")
            case Spoken():
                self._on_spoken(report)
            case Failed():
                self._on_failed(report)
            case Ready():
                self._on_ready(report.info)
            case Progress():
                self._on_progress(report)
            case Unable():
                self._unable = report.reason
                if self._worker is not None:
                    self._worker.kill("it cannot load the speech engine")
            case Enrolled():
                self._enrolled(report)
            case Forgotten():
                self._forgotten(report.clip_sha256)

    def _on_spoken(self, report: Spoken) -> None:
        if len(report.pcm) % 4 or report.sample_rate <= 0:
            self._backlog.fail(report.job_id, SynthesisFailed("The sound was damaged on its way."))
        else:
            pcm = np.frombuffer(report.pcm, "<f4").astype(np.float32, copy=False)
            self._backlog.finish(
                report.job_id,
                Speech(
                    pcm=pcm,
                    sample_rate=report.sample_rate,
                    substitution=report.substitution,
                    stage_ms=report.stage_ms,
                ),
            )
        self._dispatch()

    def _on_failed(self, report: Failed) -> None:
        error = BY_KIND.get(report.kind, SynthesisFailed)(report.message)
        self._backlog.fail(report.job_id, error)
        if isinstance(error, OutOfMemory) and self._worker is not None:
            # What is left of its memory is in pieces; a new process starts with all of it.
            self._worker.kill("its engine ran out of memory")
        else:
            self._dispatch()

    def _on_ready(self, info: EngineInfo) -> None:
        self._ready_at = asyncio.get_running_loop().time()
        if self._state == "closed":
            return
        self._info = info
        self._set_state("ready", info.reason)
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
            self._set_state(self._state, detail)

    def _enrolled(self, report: Enrolled) -> None:
        try:
            self._on_enrolled(report)
        except Exception:
            log.exception("an enrolled voice could not be recorded")

    def _forgotten(self, clip_sha256: str) -> None:
        if done := self._forgetting.pop(clip_sha256, None):
            done.set_result(None)

    # Between the two.

    def _dispatch(self) -> None:
        if self._worker is None or not self._worker.usable:
            return  # it would only lose what it is given
        if self._ready_at is None or self._info is None:
            return
        streams = max(1, min(self._info.streams, self._config.max_streams))
        while (job := self._backlog.start(streams)) is not None:
            self._worker.send(job)

    def _set_state(self, state: str, detail: str) -> None:
        self._state, self._detail = state, detail

    def _unavailable(self) -> WorkerUnavailable:
        return WorkerUnavailable(f"Speech is not available. {self._detail}")

    def _refuse_if_closed(self) -> None:
        if self._state == "closed":
            raise ExecutorClosed("Timbre is shutting down.")

    def _refuse_if_unavailable(self) -> None:
        if self._state != "unavailable":
            return
        if asyncio.get_running_loop().time() < self._retry_at:
            raise self._unavailable()
        self._begin("restarting")
