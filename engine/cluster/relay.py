"""The bot's side of a worker on the cluster: a process that looks like a worker to the bot.

It joins the cluster, finds this place's actor or has Ray make one, connects to it, and passes
frames between the bot's pipes and the actor. It is a process of its own because Ray ends whatever
process it is connected in when the cluster's head or its machine's daemon is lost: that must not be
the bot.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from engine import framing
from engine.cluster.actor import BEAT_S, NodeWorker
from engine.cluster.joining import join
from engine.cluster.link import ActorLink, reason
from engine.cluster.place import ActorPlace
from engine.cluster.wire import Beat, ClipWanted, Ended, FromActor, Sound, VoiceClip
from engine.errors import SynthesisFailed, WorkerUnavailable
from engine.messages import (
    Cancel,
    Command,
    Enrolled,
    Failed,
    Forget,
    Progress,
    Speak,
    Start,
    Stop,
    Unable,
)
from engine.speech import ClonedVoice
from engine.worker.reporting import ReportWriter

log = logging.getLogger(__name__)


def run(
    stdin: int,
    stdout: int,
    address: str,
    name: str,
    holder: str,
    *,
    actor: type[NodeWorker] = NodeWorker,
) -> NoReturn:
    """Relay until either side has ended, and end the process.

    `name` is the place's in the cluster, `holder` the bot's process, the same for all its relays;
    `actor` is what Ray is to make.
    """
    logging.basicConfig(
        level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    sys.stdout = Path(os.devnull).open("w", encoding="ascii")  # noqa: SIM115 - Ray prints dumps
    report = ReportWriter(stdout)
    code = 1
    try:
        code = asyncio.run(_Relay(report, name, holder.encode(), actor).run(stdin, address))
    except WorkerUnavailable as error:
        report(Unable(str(error)))
        code = 0
    except Exception as error:
        lost = isinstance(error, ConnectionError) or type(error).__module__.startswith("ray.")
        if not lost:
            log.exception("the relay is lost")
        first = str(error).strip().partition("\n")[0]
        log.critical("the worker on the cluster is lost: %s", first)  # the supervisor's last line
    finally:
        sys.stderr.flush()
        os._exit(code)


class _Relay:
    def __init__(
        self, report: ReportWriter, name: str, holder: bytes, actor: type[NodeWorker]
    ) -> None:
        self._report = report
        self._name = name
        self._holder = holder
        self._actor_class = actor
        self._jobs: dict[int, Speak] = {}  # that the actor may ask for once more
        self._has_clip: set[str] = set()
        self._early: list[Command] = []  # while there is no link
        self._start: asyncio.Future[Start]
        self._exit: asyncio.Future[int]
        self._place: ActorPlace | None = None
        self._link: ActorLink | None = None

    async def run(self, stdin: int, address: str) -> int:
        """Returns the exit code."""
        loop = asyncio.get_running_loop()
        self._start, self._exit = loop.create_future(), loop.create_future()
        pipe = os.fdopen(stdin, "rb", buffering=0)
        await loop.connect_read_pipe(lambda: _Commands(self._take), pipe)
        starting = asyncio.create_task(self._connect(address))
        ends: set[asyncio.Future[Any]] = {starting, self._exit}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            self._link = starting.result()
            early, self._early = self._early, []
            for command in early:
                self._handle(command)
            beating = asyncio.create_task(self._beat(self._link))
            ends = {beating, self._exit}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if beating.done():
                beating.result()  # raises what ended it
        else:
            self._end_actor()  # it was told to stop before it had one
        return await self._exit

    async def _connect(self, address: str) -> ActorLink:
        try:
            return await self._connect_to_actor(address)
        except WorkerUnavailable:
            self._end_actor()  # another one may have what it was given
            raise

    async def _connect_to_actor(self, address: str) -> ActorLink:
        start = await self._start
        self._report(Progress("Joining the cluster"))
        ray = await asyncio.to_thread(join, address)
        self._place = ActorPlace(ray, self._name, self._holder, self._actor_class, self._report)
        found = await self._place.attach(start)
        try:
            return await ActorLink.connect(
                found.host, found.port, found.key, self._pass_back, self._on_lost
            )
        except OSError as error:
            raise WorkerUnavailable(
                f"The worker on the cluster cannot be reached at {found.host}, port {found.port}: "
                f"{reason(error)}. Its machine's firewall has to admit this one."
            ) from error

    def _end_actor(self) -> None:
        if self._place is not None:
            self._place.end()

    async def _beat(self, link: ActorLink) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            link.send(Beat())

    def _on_lost(self) -> None:
        if not self._exit.done():
            self._exit.set_exception(ConnectionResetError("its connection has ended"))

    # From the bot to the actor.

    def _take(self, command: Command) -> None:
        if self._link is not None:
            self._handle(command)
        elif isinstance(command, Stop):
            self._end(0)
        elif isinstance(command, Start) and not self._start.done():
            self._start.set_result(command)
        else:
            self._early.append(command)

    def _handle(self, command: Command) -> None:
        match command:
            case Stop():
                # Else it stays for its lease: a bot that is started again finds it loaded.
                if command.for_good:
                    self._end_actor()
                self._end(0)
            case Speak():
                self._jobs[command.job_id] = command
                self._speak(command)
            case Cancel():
                self._jobs.pop(command.job_id, None)
                self._send(command)
            case Forget():
                self._has_clip.discard(command.voice_identity)
                self._send(command)
            case Start():
                log.error("a second Start is ignored")

    def _speak(self, job: Speak) -> None:
        if isinstance(job.voice, ClonedVoice) and job.voice.identity not in self._has_clip:
            try:
                content = Path(job.voice.clip_path).read_bytes()
                self._send(VoiceClip(job.voice.identity, content))
            except (OSError, framing.FrameError):
                self._jobs.pop(job.job_id, None)
                gone = "The voice's clip cannot be read."
                self._report(Failed(job.job_id, "voice_unusable", gone))
                return
            self._has_clip.add(job.voice.identity)
        self._send(job)

    def _send(self, message: Command | VoiceClip) -> None:
        if self._link is not None:
            self._link.send(message)

    # From the actor to the bot.

    def _pass_back(self, report: FromActor) -> None:
        match report:
            case Sound():
                self._jobs.pop(report.job_id, None)
                self._tell_spoken(report)
            case ClipWanted():
                if job := self._jobs.get(report.job_id):
                    self._has_clip.discard(job.voice.identity)
                    self._speak(job)
            case Enrolled():
                log.debug("an enrolment stays on its machine, and dies there")
            case Ended():
                self._end(report.code)
            case _:
                if isinstance(report, Failed):
                    self._jobs.pop(report.job_id, None)
                self._report(report)

    def _tell_spoken(self, sound: Sound) -> None:
        try:
            self._report(sound.spoken)
        except SynthesisFailed as error:
            self._report(Failed(sound.job_id, error.kind, str(error)))

    def _end(self, code: int) -> None:
        if not self._exit.done():
            self._exit.set_result(code)


class _Commands(asyncio.Protocol):
    """What the bot writes; the end of its pipe is a `Stop`."""

    def __init__(self, take: Callable[[Command], None]) -> None:
        self._take = take
        self._decoder = framing.commands()

    def data_received(self, data: bytes) -> None:
        try:
            for command in self._decoder.feed(data):
                self._take(command)
        except framing.FrameError as error:
            log.error("commands cannot be read: %s", error)
            self._take(Stop())

    def connection_lost(self, _exc: Exception | None) -> None:
        self._take(Stop())
