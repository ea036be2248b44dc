"""A worker as a child process: started, spoken to over its pipes, stopped, killed.

What differs between platforms on the Discord process's side is here. It must never leave a process,
a descriptor or a task behind.
"""

import asyncio
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from engine import cores, framing
from engine.framing import FrameError
from engine.messages import EXIT_OUT_OF_MEMORY, Command, Stop, WorkerReport

ROOT = Path(__file__).parents[2]  # so that the child can import `engine`
_LINE_MAX_BYTES = 4096
#: How long after a worker's end processes that it left behind may keep its pipes open.
_PIPES_OUTLIVE_S = 0.5
#: How long a worker may take to exit after it closed its output: a GPU's memory is freed meanwhile.
_EXIT_WAIT_S = 2.0
#: A process that hangs inside a driver does not die of SIGKILL: after so long it is abandoned.
_KILL_WAIT_S = 1.0
#: What the worker's own logging looks like; anything else is a library's print.
_LOG_LINE = re.compile(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL) [\w.]+: (.*)", re.DOTALL)

log = logging.getLogger(__name__)
worker_log = logging.getLogger("engine.worker")


def worker_command(python: str | os.PathLike[str] | None = None) -> tuple[str, ...]:
    """The command line of Timbre's own worker, by default with this process's interpreter."""
    return (os.fspath(python) if python else sys.executable, "-m", "engine.worker")


class WorkerProcess(asyncio.SubprocessProtocol):
    """One child process. Made by `start`; `ended` is done once it and its pipes are gone."""

    def __init__(self, on_report: Callable[[WorkerReport], None]) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.last_line = ""
        self._killed_for: str | None = None
        self._on_report = on_report
        self._reports = framing.reports()
        self._lines = Lines()
        self._transport: asyncio.SubprocessTransport | None = None
        self._stdin: asyncio.WriteTransport | None = None
        self._timers: list[asyncio.TimerHandle] = []

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        environment: Mapping[str, str] | None,
        on_report: Callable[[WorkerReport], None],
    ) -> "WorkerProcess":
        """Start `command`. `environment` replaces this process's own. Raises `OSError`."""
        environment = os.environ if environment is None else environment
        paths = [str(ROOT), *filter(None, [environment.get("PYTHONPATH")])]
        _, worker = await asyncio.get_running_loop().subprocess_exec(
            lambda: cls(on_report),
            *command,
            cwd=ROOT,
            env={
                **environment,
                "PYTHONPATH": os.pathsep.join(paths),
                "PYTHONIOENCODING": "utf-8:backslashreplace",
                "PYTHONUNBUFFERED": "1",
            },
            # A group of its own: the terminal's Ctrl-C does not reach it, and it can be killed with
            # whatever it has started. Not a session: Linux would give it half of all processors.
            process_group=0 if os.name == "posix" else None,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
            | getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        if worker.pid is not None:
            cores.give_all(worker.pid)  # the thread that started it may be kept on one
        return worker

    @property
    def pid(self) -> int | None:
        return self._transport.get_pid() if self._transport else None

    @property
    def usable(self) -> bool:
        """Whether it may still answer: neither ended nor killed, as far as is known."""
        return self._exit_code is None and self._killed_for is None and not self.ended.done()

    @property
    def ran_out_of_memory(self) -> bool:
        return self._exit_code == EXIT_OUT_OF_MEMORY

    @property
    def end(self) -> str:
        if self._killed_for is not None:
            return f"was killed: {self._killed_for}"
        if self._exit_code is None:
            return "was lost"
        if self.ran_out_of_memory:
            return "ran out of memory"
        if self._exit_code < 0:
            return f"died of signal {-self._exit_code}"
        return f"exited with code {self._exit_code}"

    def send(self, command: Command) -> None:
        """Write one command. It is lost where the worker is gone; `ended` shows that."""
        if self._stdin is not None and not self._stdin.is_closing():
            self._stdin.write(framing.frame(command))

    def kill(self, why: str) -> None:
        """End it, and what it started, at once. `why` completes "was killed: ..."."""
        if self._exit_code is not None or self._transport is None:
            return
        if self._killed_for is None:
            self._killed_for = why
        try:
            if sys.platform == "win32":
                self._transport.kill()
            else:
                os.killpg(self._transport.get_pid(), signal.SIGKILL)
        except ProcessLookupError:
            log.debug("the worker was gone already")

    async def stop(self, patience_s: float, *, for_good: bool = False) -> None:
        """Ask it to end, wait `patience_s`, then kill it."""
        self.send(Stop(for_good))
        await asyncio.wait({self.ended}, timeout=patience_s)
        self.kill("it did not stop when asked to")
        await self.gone()

    async def gone(self) -> None:
        """Wait for the end of a worker that is being killed; abandon one that does not die."""
        await asyncio.wait({self.ended}, timeout=_KILL_WAIT_S)
        self.release()

    def release(self) -> None:
        """Kill it if it lives, and close this side of its pipes."""
        self.kill("nobody needs it any more")
        if self._stdin is not None:
            self._stdin.abort()
            self._stdin = None
        if self._transport is not None:
            self._transport.close()

    @property
    def _exit_code(self) -> int | None:
        return self._transport.get_returncode() if self._transport else None

    # Called by asyncio.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self._stdin = cast("asyncio.WriteTransport | None", self._transport.get_pipe_transport(0))

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            for line in self._lines.feed(data):
                self._log(line)
            return
        try:
            for report in self._reports.feed(data):
                self._on_report(report)
        except FrameError as error:
            self._unusable(error)

    def pipe_connection_lost(self, fd: int, _exc: Exception | None) -> None:
        """Kill a worker that can report no more."""
        if fd == 1:
            try:
                self._reports.end()
            except FrameError as error:
                self._unusable(error)
            self._later(_EXIT_WAIT_S, lambda: self.kill("it closed its standard output"))
        elif fd == 0:
            self._stdin = None
        else:
            for line in self._lines.end():
                self._log(line)

    def process_exited(self) -> None:
        """Read until the pipes are empty, but do not wait for other processes to close them."""
        self._later(_PIPES_OUTLIVE_S, self.release)

    def connection_lost(self, _exc: Exception | None) -> None:
        for timer in self._timers:
            timer.cancel()
        if not self.ended.done():
            self.ended.set_result(None)

    def _later(self, delay_s: float, action: Callable[[], None]) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(delay_s, action))

    def _unusable(self, error: FrameError) -> None:
        if self._killed_for is None:
            log.error("the worker's output is unusable: %s", error)
        self.kill(f"its output is unusable: {error}")

    def _log(self, line: str) -> None:
        level = logging.INFO
        if logged := _LOG_LINE.fullmatch(line):
            level, line = logging.getLevelNamesMapping()[logged[1]], logged[2]
        self.last_line = line
        worker_log.log(level, "%s", line)


class Lines:
    """Cuts a child's output into lines fit for a log: bounded, printable, without empty ones.

    Of a line that was overwritten with carriage returns, as progress bars do, the last state.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[str]:
        """Yield the lines that `data` completes. To be exhausted before the next call."""
        *complete, rest = (self._rest + data).split(b"\n")
        # The last byte may be the first half of "\r\n".
        self._rest = rest[rest[:-1].rfind(b"\r") + 1 :][:_LINE_MAX_BYTES]
        for line in complete:
            if text := _printable(line):
                yield text

    def end(self) -> Iterator[str]:
        yield from self.feed(b"\n")


def _printable(line: bytes) -> str:
    last_state = line.rstrip(b"\r").rpartition(b"\r")[2][:_LINE_MAX_BYTES]
    text = last_state.decode("utf-8", "replace")
    return "".join(c for c in text if c.isprintable() or c == "\t").strip()
