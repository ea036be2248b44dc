"""A confined process gets no more than it was given, whatever it does."""

import ctypes
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from bot.clips import confinement, confinement_linux

ROOT = Path(__file__).parents[3]
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has job objects instead")
linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone keeps this limit itself")


#: Linux counts what the parent once held as its child's peak; a shell in between holds little.
SHELL = ("sh", "-c", '"$@"; exit $?', "sh")


def confined(
    code: str, *, by: tuple[str, ...] = (), first: str = "", **limits: object
) -> "subprocess.CompletedProcess[str]":
    """Run `code` in a process that has confined itself, started `by` another program."""
    given = {"cpu_s": 10, "memory_mib": 256} | limits
    begin = f"from bot.clips.confinement import confine\n{first}\nconfine(**{given!r})\n"
    return subprocess.run(
        [*by, sys.executable, "-c", begin + code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@posix
def test_work_without_end_ends_with_the_processor_time() -> None:
    """However long a busy machine takes over that second."""
    before = psutil.Process().cpu_times().children_user
    ended = confined("while True: pass", cpu_s=1)
    assert -ended.returncode in (signal.SIGXCPU, signal.SIGKILL)
    assert psutil.Process().cpu_times().children_user - before < 5


@posix
def test_waiting_costs_no_processor_time() -> None:
    assert confined("import time; time.sleep(1.5); print('done')", cpu_s=1).stdout == "done\n"


@linux
def test_memory_within_the_limit_is_had_and_more_is_refused() -> None:
    assert confined("x = bytearray(32 * 2**20); print(len(x))", memory_mib=64).returncode == 0
    ended = confined("x = bytearray(128 * 2**20)", memory_mib=64)
    assert ended.returncode == 1
    assert "MemoryError" in ended.stderr


@posix
def test_where_the_system_keeps_no_limit_on_memory_the_process_watches_itself() -> None:
    """As on macOS: it ends with a status of its own once it holds too much."""
    hold = "x = bytearray({} * 2**20)\nimport time\ntime.sleep({})\nprint('done')"
    platform = {"platform": "darwin", "memory_mib": 64}
    assert confined(hold.format(16, 1), by=SHELL, **platform).stdout == "done\n"
    ended = confined(hold.format(256, 60), by=SHELL, **platform)
    assert ended.returncode == confinement.EXIT_MEMORY
    assert ended.stdout == ""


@posix
def test_not_a_byte_is_written_to_a_file(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("before")
    code = (
        f"for name in ({str(tmp_path / 'new')!r}, {str(there)!r}):\n"
        "    try:\n"
        "        with open(name, 'ab', buffering=0) as file: file.write(b'x')\n"
        "    except OSError as error: print('refused')\n"
        "try:\n"
        "    opened.write(b'x')\n"
        "except OSError as error: print('refused')\n"
    )
    ended = confined(code, first=f"opened = open({str(there)!r}, 'ab', buffering=0)")
    assert ended.stdout.split() == ["refused"] * 3
    assert there.read_text() == "before"
    assert not (tmp_path / "new").exists()


#: What code that broke the reader of uploads would try; `victim` is a file, `parent` the bot.
ATTACKS = {
    "read a file": "open(victim).read()",
    "read the parent's environment": "open(f'/proc/{parent}/environ', 'rb').read()",
    "list a folder": "os.listdir('/')",
    "truncate": "os.truncate(victim, 0)",
    "delete": "os.unlink(victim)",
    "rename": "os.rename(victim, victim + '2')",
    "link": "os.symlink(victim, victim + '2')",
    "make a folder": "os.mkdir(victim + '2')",
    "change a mode": "os.chmod(victim, 0o777)",
    "change a time": "os.utime(victim, (0, 0))",
    "connect": "socket.create_connection(('127.0.0.1', port), 1)",
    "send a datagram": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "begin a process": "os.fork()",
    "run a program": "os.execv('/bin/true', ['true'])",
    "stop the parent": "os.kill(parent, signal.SIGSTOP)",
    "look into the parent": (
        "_raise(libc.ptrace(16, parent, 0, 0))"  # PTRACE_ATTACH
    ),
    "raise a limit": "resource.setrlimit(resource.RLIMIT_CPU, (99, 99))",
    "leave the session": "os.setsid()",
    "keep memory of its own as a file": "os.memfd_create('x')",
}


def trying(*attacks: str) -> str:
    """Code that tries each and says which of them did something."""
    return (
        "".join(
            f"try:\n    {ATTACKS[name]}\n    print({name!r})\nexcept (OSError, ValueError): pass\n"
            for name in attacks
        )
        + "print('done')"
    )


@linux
def test_nothing_but_computing_is_left(tmp_path: Path) -> None:
    """As the superuser too: the tests' own containers often run as that."""
    victim = tmp_path / "clip.flac"
    victim.write_text("a voice")
    before = victim.stat()
    with socket.create_server(("127.0.0.1", 0)) as server:
        first = (
            "import ctypes, os, resource, signal, socket\n"
            f"victim, parent, port = {str(victim)!r}, os.getppid(), {server.getsockname()[1]}\n"
            "libc = ctypes.CDLL(None, use_errno=True)\n"
            "def _raise(result):\n"
            "    if result < 0: raise OSError(ctypes.get_errno(), 'refused')"
        )
        ended = confined(trying(*ATTACKS), first=first)
    assert ended.stdout.splitlines() == ["done"], ended.stderr
    after = victim.stat()
    assert victim.read_text() == "a voice"
    assert (after.st_mode, after.st_mtime) == (before.st_mode, before.st_mtime)
    assert list(tmp_path.iterdir()) == [victim]


@linux
@pytest.mark.parametrize("missing", ["deny_calls", "deny_resources"])
def test_where_the_kernel_has_one_of_the_two_it_holds_alone(tmp_path: Path, missing: str) -> None:
    victim = tmp_path / "clip.flac"
    victim.write_text("a voice")
    first = (
        "import os, socket\nfrom bot.clips import confinement\n"
        f"confinement.{missing} = lambda: None\nvictim, port = {str(victim)!r}, 9"
    )
    code = trying("read a file", "truncate", "delete", "rename", "connect", "make a folder")
    assert confined(code, first=first).stdout.splitlines() == ["done"]
    assert victim.read_text() == "a voice"


@pytest.mark.parametrize("machine", list(confinement_linux._MACHINES))
def test_the_filter_jumps_to_where_it_means(machine: str) -> None:
    """Every jump of the program ends inside it, and its last step refuses."""
    program = confinement_linux.filter_program(*confinement_linux._MACHINES[machine])
    steps = list(struct.iter_unpack("HBBI", program))
    for place, (code, if_so, if_not, _) in enumerate(steps):
        if code & 0x07 == 0x05:  # a jump
            assert place + 1 + max(if_so, if_not) < len(steps)
    assert steps[-1] == (0x06, 0, 0, 0x00050001)


@posix
def test_no_limit_can_be_lifted_again() -> None:
    """Not by the process itself; and a lower one stays."""
    code = (
        "for limit in (resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):\n"
        "    print(*resource.getrlimit(limit))\n"
    )
    first = "import resource"
    ended = confined(code, first=first, cpu_s=7)
    assert ended.stdout.split() == ["7", "7", "0", "0", "0", "0"]
    lower = f"{first}\nresource.setrlimit(resource.RLIMIT_CPU, (7, 7))"
    assert confined(code, first=lower, cpu_s=9).stdout.split()[:2] == ["7", "7"]


@posix
def test_the_bot_comes_first() -> None:
    """A confined process gives way to the one that has a packet to send every 20 ms."""
    code = "print(os.getpriority(os.PRIO_PROCESS, 0) >= 5)"
    assert confined(code, first="import os").stdout == "True\n"


class Kernel:
    """Windows' kernel32, as far as it is asked here; it notes what each function was given."""

    def __init__(self, **answers: int) -> None:
        self.calls: dict[str, tuple[Any, ...]] = {}
        self._answers = answers

    def __getattr__(self, name: str) -> Callable[..., int]:
        def function(*arguments: Any) -> int:
            self.calls[name] = arguments
            return self._answers.get(name, 41)

        return function


def test_on_windows_a_job_object_has_the_limits() -> None:
    assert ctypes.sizeof(confinement.BasicLimits) == 64
    assert ctypes.sizeof(confinement.ExtendedLimits) == 144
    kernel = Kernel(CreateJobObjectW=7, GetCurrentProcess=9)
    confinement.confine_by_job(kernel, 20, 512)
    job, kind, reference, size = kernel.calls["SetInformationJobObject"]
    assert (job, kind, size) == (7, 9, 144)
    limits = reference._obj
    assert limits.BasicLimitInformation.PerProcessUserTimeLimit == 20 * 10_000_000
    assert limits.BasicLimitInformation.ActiveProcessLimit == 1
    assert limits.BasicLimitInformation.LimitFlags == (
        confinement.LIMIT_PROCESS_TIME
        | confinement.LIMIT_ACTIVE_PROCESS
        | confinement.LIMIT_PROCESS_MEMORY
    )
    assert limits.ProcessMemoryLimit == (confinement.COMMITTED_MIB + 512) * 2**20
    assert kernel.calls["AssignProcessToJobObject"] == (7, 9)


@pytest.mark.parametrize(
    "refused", ["CreateJobObjectW", "SetInformationJobObject", "AssignProcessToJobObject"]
)
def test_what_windows_does_not_confine_does_not_begin(refused: str) -> None:
    """A process that could not be confined must not read an upload."""
    with pytest.raises(OSError, match="confined"):
        confinement.confine_by_job(Kernel(**{refused: 0}), 20, 512)
