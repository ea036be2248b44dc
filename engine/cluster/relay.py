"""The bot's side of a worker on the cluster: a process that looks like a worker to the bot.

It joins the cluster, finds this place's actor or has Ray make one, and passes frames between the
bot's pipes and the actor. It is a process of its own because Ray ends whatever process it is
connected in when the cluster's head or its machine's daemon is lost: that must not be the bot.
"""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from engine import framing
from engine.cluster.actor import NodeWorker
from engine.cluster.joining import join
from engine.cluster.place import ActorPlace
from engine.cluster.wire import (
    PIECE_MAX_BYTES,
    ClipWanted,
    Ended,
    Numbering,
    Ordering,
    Sound,
    VoiceClip,
    from_actor,
)
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

#: Calls on their way at any time at least: a long sound is fetched without a pause a piece.
_CALLS_MIN = 4
_READ_BYTES = 65536

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
        if not type(error).__module__.startswith("ray."):
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
        self._numbering, self._ordering = Numbering(), Ordering()
        self._reports = from_actor()
        self._jobs: dict[int, Speak] = {}  # that the actor may ask for once more
        self._has_clip: set[str] = set()
        self._place: ActorPlace
        self._exchange: Callable[[bytes, bytes], tuple[Any, Any]]
        self._calls: set[asyncio.Task[None]] = set()
        self._exit: asyncio.Future[int]

    async def run(self, stdin: int, address: str) -> int:
        """Returns the exit code."""
        loop = asyncio.get_running_loop()
        self._exit = loop.create_future()
        commands: asyncio.Queue[Command] = asyncio.Queue()
        threading.Thread(target=_read, args=(stdin, loop, commands.put_nowait), daemon=True).start()
        start = await commands.get()
        if not isinstance(start, Start):
            return 0
        self._report(Progress("Joining the cluster"))
        ray = await asyncio.to_thread(join, address)
        self._place = ActorPlace(ray, self._name, self._holder, self._actor_class, self._report)
        attaching = asyncio.create_task(self._place.attach(start))
        early: list[Command] = []
        while not attaching.done():  # what is forgotten meanwhile is no reason to wait
            getting = asyncio.ensure_future(commands.get())
            either: set[asyncio.Future[Any]] = {getting, attaching}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                early.append(getting.result())
                if isinstance(early[-1], Stop):
                    self._place.end()
                    return 0
            else:
                getting.cancel()
        await attaching
        self._exchange = self._place.actor.exchange.options(num_returns=2).remote
        for _ in range(_CALLS_MIN):
            self._call()
        passing_on = asyncio.create_task(self._pass_on(commands, early))
        ends: set[asyncio.Future[Any]] = {self._exit, passing_on}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if passing_on.done():
            passing_on.result()  # raises what ended it
        return await self._exit

    # From the bot to the actor.

    async def _pass_on(self, commands: "asyncio.Queue[Command]", early: list[Command]) -> None:
        for command in early:
            self._handle(command)
        while not self._exit.done():
            self._handle(await commands.get())

    def _handle(self, command: Command) -> None:
        match command:
            case Stop():
                # Else it stays for its lease: a bot that is started again finds it loaded.
                if command.for_good:
                    self._place.end()
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
        for piece in self._numbering.pieces(framing.frame(message)):
            self._call(piece)

    # From the actor to the bot.

    def _call(self, piece: bytes = b"") -> None:
        """Send `piece`, or nothing. A call stays with the actor until there is something to say."""
        pieces = self._exchange(self._holder, piece)
        call = asyncio.create_task(self._receive(pieces))
        self._calls.add(call)
        call.add_done_callback(self._on_answer)

    async def _receive(self, pieces: tuple[Any, Any]) -> None:
        for piece in pieces:
            data = await piece
            for report in self._reports.feed(self._ordering.feed(data)):
                self._pass_back(report)
            if len(data) < PIECE_MAX_BYTES:
                return  # the other is empty

    def _on_answer(self, call: "asyncio.Task[None]") -> None:
        self._calls.discard(call)
        error = None if call.cancelled() else call.exception()
        if self._exit.done():
            return
        if error is not None:
            self._exit.set_exception(error)
        elif len(self._calls) < _CALLS_MIN:
            self._call()

    def _pass_back(self, report: Any) -> None:
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


def _read(
    descriptor: int, loop: asyncio.AbstractEventLoop, take: Callable[[Command], None]
) -> None:
    """Hand on the bot's commands; the end of its pipe is a `Stop`. A thread's target."""
    decoder = framing.commands()
    try:
        while data := os.read(descriptor, _READ_BYTES):
            for command in decoder.feed(data):
                loop.call_soon_threadsafe(take, command)
    except (framing.FrameError, OSError) as error:
        log.error("commands cannot be read: %s", error)
    loop.call_soon_threadsafe(take, Stop())
