"""What bot processes take of the machine, as Linux says in /proc: see proc(5)."""

import os
from dataclasses import dataclass
from pathlib import Path

#: What threads do, by what they are called (`bot.base.thread_names`) before an underscore.
_THREADS = {"voice sender": "sender", "asyncio": "thread pool"}

#: What a supervisor gives each of the bot processes, and no worker.
_OPTION = b"--shards"


def bot_processes(pid: int) -> list[int]:
    """The bot's own processes by pid: those that a supervisor has begun, or else itself."""
    try:
        begun = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()
    except OSError:  # not Linux
        begun = []
    members = [int(child) for child in begun if _OPTION in _arguments(int(child))]
    return members or [pid]


def _arguments(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:  # it has ended
        return []


def processor_s(pid: int) -> float:
    """Seconds of a processor that a process has used, without its children; 0 but on Linux."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(") ")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def thread_s(pid: int) -> dict[str, float]:
    """Seconds of a processor that a process's threads have used, by what they do.

    Nothing but on Linux. Threads that have ended count no more.
    """
    used: dict[str, float] = {}
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return used
    for task in tasks:
        try:
            name, _, rest = (task / "stat").read_text("utf-8").partition("(")[2].rpartition(") ")
            ticks = int(rest.split()[11]) + int(rest.split()[12])
        except OSError:  # it has just ended
            continue
        what = "event loop" if int(task.name) == pid else _THREADS.get(name.partition("_")[0])
        what = what or "other threads"
        used[what] = used.get(what, 0.0) + ticks / os.sysconf("SC_CLK_TCK")
    return used


@dataclass(frozen=True)
class Footprint:
    """What one process holds. Memory is what is resident of it, in MiB."""

    memory_mib: float
    descriptors: int
    threads: int

    @classmethod
    def of(cls, pid: int) -> "Footprint":
        status = dict(
            line.split(":", 1)
            for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
        )
        return cls(
            memory_mib=round(int(status["VmRSS"].removesuffix("kB")) / 1024, 1),
            descriptors=len(list(Path(f"/proc/{pid}/fd").iterdir())),
            threads=int(status["Threads"]),
        )
