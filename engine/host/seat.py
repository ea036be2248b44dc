"""A worker's place in the pool: what runs there now, how much it takes, and whose voices it knows.

Whichever process has the place, the place stays: its number is what `Backlog` calls the worker.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from engine.executor import WorkerStatus
from engine.host.supervisor import Supervisor
from engine.messages import Cancel, EngineConfig, Forget, Progress, Speak
from engine.speech import ClonedVoice, EngineInfo, Voice

#: How many voices a worker is taken to have in memory: those it spoke last.
VOICES_KNOWN = 256

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerPlace:
    """How the worker of a seat is started: its command line, variables and settings.

    `name` is for people: the device, or where else it is.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] | None
    config: EngineConfig


class Seat:
    """One place. `supervisor` keeps a process there."""

    def __init__(self, number: int, place: WorkerPlace, supervisor: Supervisor) -> None:
        self.number = number
        self.name = place.name
        self.supervisor = supervisor
        self.state = "starting"
        self.detail = "The speech engine has not been started yet."
        self.info: EngineInfo | None = None  # of the present worker, once it is ready
        self.retry_at = 0.0  # when one that was given up on may begin again
        self.resting = False  # there is to be no worker now: too little is asked for
        self._returns = 0  # from rest
        self._streams_max = place.config.max_streams
        self._voices: OrderedDict[str, None] = OrderedDict()
        self._forgetting: dict[str, asyncio.Future[None]] = {}  # asked of the present worker
        self._missed: set[str] = set()  # that no worker was there to forget

    @property
    def streams(self) -> int:
        """How many jobs its worker takes at once; 0 while there is none that is ready."""
        if self.resting or self.info is None or self.supervisor.ready_worker is None:
            return 0
        return max(1, min(self.info.streams, self._streams_max))

    def knows(self, voice: Voice) -> bool:
        """Whether its worker spoke in a voice lately."""
        return voice.identity in self._voices

    @property
    def restarts(self) -> int:
        """How many workers took the place of one that was lost."""
        return max(0, self.supervisor.workers_started - 1 - self._returns)

    def begin(self, state: str) -> None:
        if self.resting and self.supervisor.workers_started:
            self._returns += 1
        self.state, self.detail, self.resting = state, "The speech engine is starting.", False
        self.supervisor.begin()

    def speak(self, job: Speak) -> None:
        """Hand a job to the worker, which is ready."""
        worker = self.supervisor.ready_worker
        assert worker is not None
        if isinstance(job.voice, ClonedVoice):
            self._voices[job.voice.identity] = None
            self._voices.move_to_end(job.voice.identity)
            if len(self._voices) > VOICES_KNOWN:
                self._voices.popitem(last=False)
        worker.send(job)

    def cancel(self, job_id: int) -> None:
        if worker := self.supervisor.ready_worker:
            worker.send(Cancel(job_id))

    async def forget(self, identity: str) -> None:
        """Return once the present worker has forgotten a voice.

        A worker that is lost meanwhile has nothing in memory any more. One that is loading, or to
        come, is not waited for: it forgets before it takes jobs.
        """
        self._voices.pop(identity, None)
        worker = self.supervisor.ready_worker
        if worker is None:
            self._missed.add(identity)
            return
        worker.send(Forget(identity))
        done = self._forgetting.get(identity)
        if done is None:
            done = self._forgetting[identity] = asyncio.get_running_loop().create_future()
        await asyncio.shield(done)

    def ready(self, info: EngineInfo) -> None:
        """A worker has loaded, perhaps one that a former bot left: it forgets what it missed."""
        self.info, self.state, self.detail = info, "ready", info.reason
        if worker := self.supervisor.worker:
            for identity in self._missed:
                worker.send(Forget(identity))
        self._missed.clear()

    def progress(self, report: Progress) -> None:
        done = "" if report.fraction is None else f" ({report.fraction:.0%})"
        detail = f"{report.activity}{done}"
        if self.state in ("starting", "restarting") and detail != self.detail:
            if not self.detail.startswith(report.activity):
                log.info("%s", report.activity, extra={"worker": self.name})
            self.detail = detail

    async def rest(self) -> None:
        """Do without a worker until `begin`. It is given nothing from now on."""
        self.resting, self.info = True, None
        await self.supervisor.close(for_good=True)
        self.lost()

    def forgotten(self, identity: str) -> None:
        if done := self._forgetting.pop(identity, None):
            done.set_result(None)

    def lost(self) -> None:
        """Its worker has ended, and nothing of what it knew is left."""
        self.info = None
        self._voices.clear()
        for identity in list(self._forgetting):
            self.forgotten(identity)

    def narrow(self, streams: int) -> None:
        if self.info is not None:
            self.info = msgspec.structs.replace(self.info, streams=streams)

    def status(self, running: int) -> WorkerStatus:
        return WorkerStatus(
            name=self.name,
            state=self.state,
            detail=self.detail,
            running=running,
            streams=self.streams,
            resident_bytes=self.supervisor.resident_bytes,
            gpu_bytes=self.supervisor.gpu_bytes,
        )
