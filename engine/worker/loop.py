"""The worker's main loop: commands in, an engine's steps, reports out.

Three threads, beside those of an engine's own. This one loads and steps the engine; a reader queues
commands and ends the process when its pipe does; a heartbeat tells the Discord process that this
one lives and how long the current step has taken. Neither of the others touches the engine.
"""

import logging
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from msgspec.structs import replace

from engine import framing
from engine.errors import OutOfMemory, SpeechError, WorkerUnavailable
from engine.failures import is_out_of_memory, log_without_values
from engine.framing import FrameError
from engine.messages import (
    EXIT_OUT_OF_MEMORY,
    Cancel,
    Command,
    EngineConfig,
    Failed,
    Forget,
    Forgotten,
    Narrowed,
    Ready,
    Speak,
    Spoken,
    Start,
    Stop,
    Unable,
    WorkerReport,
)
from engine.protocol import Engine, Outcome
from engine.silence import trim
from engine.worker.reporting import Pulse, ReportWriter

LoadEngine = Callable[[EngineConfig, Callable[[WorkerReport], None]], Engine]

HEARTBEAT_S = 1.0
#: How long a step, or loading, may go on after the process was told to stop or lost its parent.
#: Shorter than the patience of the process that asked.
EXIT_GRACE_S = 0.5
#: Silence that stays before and after speech. The latter is a natural end of a sentence.
_LEAD_S, _TAIL_S = 0.1, 0.25
_READ_BYTES = 65536

log = logging.getLogger(__name__)


def run(load: LoadEngine, stdin: int, stdout: int, *, heartbeat_s: float = HEARTBEAT_S) -> NoReturn:
    """Serve on the pipes that `engine.worker.pipes.claim` gave, and end the process.

    Ends without finalising the interpreter: threads and drivers of an engine's libraries can keep
    that from ever finishing, and nothing is left to be saved.
    """
    logging.basicConfig(
        level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    code = 1
    try:
        code = serve(stdin, ReportWriter(stdout), load, heartbeat_s=heartbeat_s)
    except BaseException:
        for line in traceback.format_exc().splitlines():
            log.critical("%s", line)
    finally:
        _exit(code)


def serve(
    commands: int, report: Callable[[WorkerReport], None], load: LoadEngine, *, heartbeat_s: float
) -> int:
    """Serve until told to stop. `commands` is a descriptor; returns the exit code.

    Raises what `load` raises, except `WorkerUnavailable` and the like, and `OSError` when reports
    cannot be written any more.
    """
    inbox: queue.SimpleQueue[Command] = queue.SimpleQueue()
    pulse = Pulse()
    threading.Thread(target=_read, args=(commands, inbox), name="commands", daemon=True).start()
    threading.Thread(
        target=pulse.beat, args=(report, heartbeat_s), name="heartbeat", daemon=True
    ).start()
    start = inbox.get()
    if not isinstance(start, Start):
        log.error("the first command was not Start")
        return 0 if isinstance(start, Stop) else 1
    try:
        engine = load(start.config, report)
    except WorkerUnavailable as error:
        report(Unable(str(error)))
        return 0
    except (OutOfMemory, MemoryError) as error:
        log.error("%s", str(error) or "There is not enough memory to load the speech engine.")
        return EXIT_OUT_OF_MEMORY
    pulse.loaded(engine.info.device)
    report(Ready(engine.info))
    return _Loop(engine, inbox, report, pulse).run()


class _EngineLost(Exception):
    """The engine failed, which the log has: the process ends with `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Loop:
    """The life of a loaded engine."""

    def __init__(
        self,
        engine: Engine,
        inbox: queue.SimpleQueue[Command],
        report: Callable[[WorkerReport], None],
        pulse: Pulse,
    ) -> None:
        self._engine = engine
        self._inbox = inbox
        self._report = report
        self._pulse = pulse
        self._streams = engine.info.streams  # as the Discord process knows it
        self._jobs: set[int] = set()  # admitted, and neither cancelled nor reported
        self._to_forget: list[str] = []
        self._stopping = False

    def run(self) -> int:
        """Step the engine until told to stop; returns the exit code."""
        try:
            while not self._stopping:
                self._go_on()
        except _EngineLost as lost:
            return lost.code
        self._engine.close()
        return 0

    def _go_on(self) -> None:
        if not self._engine.busy:
            self._handle(self._next_command())
        self._poll()
        self._forget()
        if self._engine.busy and not self._stopping:
            with self._watched():
                outcomes = self._engine.step(self._poll)
            # Before the outcomes, which make the Discord process send more.
            self._tell_streams()
            for outcome in outcomes:
                self._tell(outcome)
            self._forget()

    def _next_command(self) -> Command:
        """Wait for a command; meanwhile the engine does what nobody waits for."""
        while True:
            with self._watched():
                wait_s = self._engine.idle()
            try:
                return self._inbox.get(timeout=wait_s)
            except queue.Empty:
                continue  # time for the engine to look again

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """While the engine does something, which may hang: the heartbeat tells for how long.

        Raises `_EngineLost`.
        """
        self._pulse.step_begins()
        try:
            yield
        except Exception as error:  # the contract: unusable after any
            log_without_values("the engine is lost", error)
            raise _EngineLost(EXIT_OUT_OF_MEMORY if is_out_of_memory(error) else 1) from error
        self._pulse.step_ends()

    def _poll(self) -> None:
        while not self._inbox.empty():
            self._handle(self._inbox.get())

    def _forget(self) -> None:
        # Not in `_handle`: a job at work may be enrolling the very clip.
        while self._to_forget:
            identity = self._to_forget.pop()
            self._engine.forget(identity)
            self._report(Forgotten(identity))

    def _handle(self, command: Command) -> None:
        match command:
            case Speak():
                self._jobs.add(command.job_id)
                self._engine.admit(command)
            case Cancel():
                self._jobs.discard(command.job_id)
                self._engine.cancel(command.job_id)
            case Forget():
                self._to_forget.append(command.voice_identity)
            case Stop():
                self._stopping = True
                for job_id in self._jobs:
                    self._engine.cancel(job_id)
            case Start():
                log.error("a second Start is ignored")

    def _tell_streams(self) -> None:
        if (streams := self._engine.info.streams) != self._streams:
            self._streams = streams
            self._report(Narrowed(streams))

    def _tell(self, outcome: Outcome) -> None:
        job_id, result = outcome.job_id, outcome.result
        if job_id not in self._jobs:
            return
        self._jobs.discard(job_id)
        if isinstance(result, SpeechError):
            self._report(Failed(job_id, result.kind, str(result)))
            return
        pcm = trim(result.pcm, result.sample_rate, lead_s=_LEAD_S, tail_s=_TAIL_S)
        self._report(Spoken.of(job_id, replace(result, pcm=pcm)))


def _read(descriptor: int, inbox: queue.SimpleQueue[Command]) -> None:
    """Queue commands as long as there are any; then see to the end of this process."""
    code = _queue_commands(descriptor, inbox)
    inbox.put(Stop())
    time.sleep(EXIT_GRACE_S)
    _exit(code)


def _queue_commands(descriptor: int, inbox: queue.SimpleQueue[Command]) -> int:
    """Until the pipe ends or Stop comes. Returns the exit code."""
    decoder = framing.commands()
    try:
        while data := os.read(descriptor, _READ_BYTES):
            for command in decoder.feed(data):
                inbox.put(command)
                if isinstance(command, Stop):
                    log.info("stopping")
                    return 0
        decoder.end()
    except (FrameError, OSError) as error:
        log.error("commands cannot be read: %s", error)
        return 1
    log.warning("the Discord process is gone")
    return 0


def _exit(code: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue  # its reader is gone
    os._exit(code)
