"""A confined process gets no more than it was given, whatever it does."""

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.clips import confinement

ROOT = Path(__file__).parents[3]
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has job objects instead")
linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone keeps this limit itself")


#: Linux counts what the parent once held as its child's peak; a shell in between holds little.
SHELL = ("sh", "-c", '"$@"; exit $?', "sh")


def confined(
    code: str, *, by: tuple[str, ...] = (), **limits: object
) -> "subprocess.CompletedProcess[str]":
    """Run `code` in a process that has confined itself, started `by` another program."""
    given = {"cpu_s": 10, "memory_mib": 256} | limits
    begin = f"from bot.clips.confinement import confine\nconfine(**{given!r})\n"
    return subprocess.run(
        [*by, sys.executable, "-c", begin + code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@posix
def test_work_without_end_ends_with_the_processor_time() -> None:
    begun = time.monotonic()
    ended = confined("while True: pass", cpu_s=1)
    assert -ended.returncode in (signal.SIGXCPU, signal.SIGKILL)
    assert time.monotonic() - begun < 15


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
    hold = "x = bytearray({} * 2**20)\nimport time\ntime.sleep(1)\nprint('done')"
    platform = {"platform": "darwin", "memory_mib": 64}
    assert confined(hold.format(16), by=SHELL, **platform).stdout == "done\n"
    ended = confined(hold.format(256), by=SHELL, **platform)
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
        "    except OSError as error: print(error.errno)\n"
    )
    ended = confined(code)
    assert ended.stdout.split() == ["27", "27"]  # EFBIG, through a pipe
    assert there.read_text() == "before"
    assert (tmp_path / "new").read_bytes() == b""


@posix
def test_no_limit_can_be_lifted_again() -> None:
    """Not by the process itself, unless it is the superuser's; and a lower one stays."""
    code = (
        "import resource\n"
        "for limit in (resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):\n"
        "    soft, hard = resource.getrlimit(limit)\n"
        "    print(soft, hard)\n"
    )
    assert confined(code, cpu_s=7).stdout.split() == ["7", "7", "0", "0", "0", "0"]
    twice = code.replace("import resource", "import resource; confine(cpu_s=9, memory_mib=9999)", 1)
    assert confined(twice, cpu_s=7).stdout.split()[:2] == ["7", "7"]


@posix
def test_the_bot_comes_first() -> None:
    """A confined process gives way to the one that has a packet to send every 20 ms."""
    assert confined("import os; print(os.nice(0) >= 5)").stdout == "True\n"


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
