"""A worker on a machine of the cluster: an actor that hosts the worker's own loop in a thread.

Ray makes it and carries the first word, as bytes; all else goes over an `engine.cluster.link`. It
serves one holder, the relay that attached last, and keeps voices no longer than anybody asks for
it: without a word from a holder for `LEASE_S` it ends, and its folder goes with it. So a machine
that was cut off, or stood still, forgets everything that was forgotten meanwhile.
"""

import asyncio
import logging
import os
import threading
import time
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import msgspec
from msgspec.structs import replace
from platformdirs import user_cache_path

from engine import framing
from engine.cluster.keeping import Clips, make_home
from engine.cluster.link import ActorLink, Door, reason
from engine.cluster.wire import AttachAnswer, Beat, ClipWanted, Ended, Sound, ToActor, VoiceClip
from engine.failures import log_without_values
from engine.messages import (
    Cancel,
    Command,
    EngineConfig,
    Failed,
    Forget,
    Ready,
    Speak,
    Spoken,
    Start,
    WorkerReport,
)
from engine.speech import ClonedVoice
from engine.worker.loop import HEARTBEAT_S, serve

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.protocol import Engine

#: How long it lives on without a holder. A bot that is started again is back sooner.
LEASE_S = 20.0
#: So often a holder says that it is there.
BEAT_S = 1.0
#: A holder whose last word is no older is alive: nobody else may attach.
HELD_S = 3.0
#: How long the last reports may take to be on their way, before the process ends.
_LAST_WORDS_S = 2.0
#: A job's number in the loop is the holder's behind the number of the attachment.
_ATTACHMENT = 2**32

log = logging.getLogger(__name__)


def _load(config: EngineConfig, report: "Callable[[WorkerReport], None]") -> "Engine":
    # Imported while the heartbeat beats already: this may take half a minute.
    from engine.worker.selection import load  # noqa: PLC0415

    return load(config, report)


def _address() -> str:
    from ray.util import get_node_ip_address  # noqa: PLC0415 - an actor has it loaded

    return str(get_node_ip_address())


class NodeWorker:
    """The actor. Made by Ray, on whichever machine has what it needs.

    `load` makes its engine, `address` says where the cluster's machines reach this one.
    """

    load = staticmethod(_load)
    address = staticmethod(_address)

    def __init__(self) -> None:
        self._home = make_home()
        self._clips = Clips(self._home)
        self._commands, self._to_loop = os.pipe()
        self._start: Start | None = None
        self._ready: Ready | None = None
        self._holder = b""
        self._attachment = 0
        self._heard_at = _now()  # also of an actor whose maker was gone before it was made
        threading.Thread(target=self._watch_lease, name="lease", daemon=True).start()
        self._jobs: set[int] = set()
        self._door: Door | None = None
        self._link: ActorLink | None = None
        self._unsaid: list[msgspec.Struct] = []  # while the holder is to come in by the door
        self._has_ended = False
        self._spoken_out = threading.Event()  # nothing is left to be sent

    async def attach(self, holder: bytes, start: bytes) -> bytes:
        """Serve `holder` from now on, once it has connected. Called by the relay, through Ray.

        `start` is the msgpack of a `Start`. Returns that of an `AttachAnswer`.
        """
        wanted = msgspec.msgpack.decode(start, type=Start)
        return msgspec.msgpack.encode(await self._attach(holder, wanted))

    # In the actor's event loop.

    async def _attach(self, holder: bytes, wanted: Start) -> AttachAnswer:
        if self._holder == holder or self._start not in (None, wanted):
            return AttachAnswer(state="other")
        if self._holder and _now() - self._heard_at < HELD_S:
            return AttachAnswer(state="held")
        self._holder = holder
        self._hear()
        self._leave_holder()
        self._attachment += 1
        host = self.address()
        try:
            door = self._door = await Door.open(host, self._take, self._let_in)
        except OSError as error:
            return AttachAnswer(state="deaf", host=host, reason=reason(error))
        if self._start is None:
            self._begin(wanted)
        elif self._ready is not None:
            self._say(self._ready)
        return AttachAnswer(state="attached", host=host, port=door.port, key=door.key)

    def _leave_holder(self) -> None:
        """Let go of the former one, and of what it asked for."""
        if self._door is not None:
            self._door.shut()
        if self._link is not None:
            self._link.abort()
        self._door = self._link = None
        self._unsaid.clear()
        for job_id in self._jobs:
            self._tell_loop(Cancel(job_id))
        self._jobs.clear()

    def _let_in(self, link: ActorLink) -> None:
        self._link = link
        link.lost = partial(self._on_lost, link)
        unsaid, self._unsaid = self._unsaid, []
        for message in unsaid:
            self._say(message)

    def _on_lost(self, link: ActorLink) -> None:
        if self._link is link:
            self._link = None
            if self._has_ended:
                self._spoken_out.set()

    def _hear(self) -> None:
        """Note that the holder asks. What comes after the lease was on its way while this stood."""
        if _now() - self._heard_at >= LEASE_S:
            _end_of_lease()
        self._heard_at = _now()

    def _take(self, command: ToActor) -> None:
        """Do what the holder says. Ends the process where it cannot: nobody else would be told."""
        self._hear()
        try:
            self._handle(command)
        except Exception as error:  # no memory left for a clip, for one
            log_without_values("what was sent cannot be taken", error)
            os._exit(1)

    def _handle(self, command: ToActor) -> None:
        match command:
            case Beat():
                return
            case VoiceClip():
                self._clips.keep(command.voice_identity, command.content)
            case Speak():
                self._admit(command)
            case Cancel():
                job_id = self._inside(command.job_id)
                self._jobs.discard(job_id)
                self._tell_loop(Cancel(job_id))
            case Forget():
                self._clips.forget(command.voice_identity)
                self._tell_loop(command)
            case _:
                log.error("a relay sent what no actor takes")

    def _admit(self, job: Speak) -> None:
        if isinstance(job.voice, ClonedVoice):
            path = self._clips.path_of(job.voice.identity)
            if path is None:
                self._say(ClipWanted(job.job_id))
                return
            job = replace(job, voice=replace(job.voice, clip_path=str(path)))
        job = replace(job, job_id=self._inside(job.job_id))
        self._jobs.add(job.job_id)
        self._tell_loop(job)

    def _inside(self, job_id: int) -> int:
        return self._attachment * _ATTACHMENT + job_id

    def _tell_loop(self, command: Command) -> None:
        data = memoryview(framing.frame(command))
        while data:  # its reader does nothing but read
            data = data[os.write(self._to_loop, data) :]

    def _say(self, message: msgspec.Struct) -> None:
        if self._link is not None:
            self._link.send(message)
            if isinstance(message, Ended):
                self._link.close()
        elif self._door is not None and self._door.is_open:
            self._unsaid.append(message)

    def _say_last(self, ended: Ended) -> None:
        self._has_ended = True
        self._say(ended)

    def _begin(self, start: Start) -> None:
        self._start = start
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._serve, args=(loop,), name="engine", daemon=True).start()
        self._tell_loop(Start(_here(start.config, self._home)))

    def _on_report(self, report: WorkerReport | Sound) -> None:
        if isinstance(report, Sound | Failed):
            if report.job_id not in self._jobs:
                return  # of a former holder, or cancelled
            self._jobs.discard(report.job_id)
            report = replace(report, job_id=report.job_id % _ATTACHMENT)
        elif isinstance(report, Ready):
            self._ready = report
        self._say(report)

    # In threads of their own.

    def _watch_lease(self) -> None:
        # In seconds, not at once: a timer stands still while the machine does.
        while _now() - self._heard_at < LEASE_S:
            time.sleep(1.0)
        _end_of_lease()

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        code = 1
        try:
            code = serve(
                self._commands, partial(self._report, loop), self.load, heartbeat_s=HEARTBEAT_S
            )
        except BaseException:
            log.critical("the engine is lost\n%s", traceback.format_exc())
        finally:
            loop.call_soon_threadsafe(self._say_last, Ended(code))
            self._spoken_out.wait(_LAST_WORDS_S)
            os._exit(code)

    def _report(self, loop: asyncio.AbstractEventLoop, report: WorkerReport) -> None:
        carried = Sound.of(report) if isinstance(report, Spoken) else report
        loop.call_soon_threadsafe(self._on_report, carried)


def _end_of_lease() -> NoReturn:
    log.warning("nobody asked for this worker for %g s: it ends", LEASE_S)
    os._exit(0)


def _here(config: EngineConfig, home: Path) -> EngineConfig:
    """The settings of the engine on this machine; a folder that is named is the same everywhere."""
    weights_home = config.weights_home or str(user_cache_path("timbre", appauthor=False))
    return replace(config, home=str(home), weights_home=weights_home)


def _now() -> float:
    """Seconds that pass while a machine sleeps as well."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
