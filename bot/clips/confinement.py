"""Limits on what the child process may use. All that differs between platforms is here.

Applied by the child to itself before it reads the first byte of an upload; none can be lifted
again. The wall time is kept by the parent, which kills.
"""

import ctypes
import os
import sys
import threading
import time
from typing import Any

from bot.clips.confinement_linux import deny_calls, deny_resources

#: The exit status of a child on macOS that outgrew its memory.
EXIT_MEMORY = 67
_MEMORY_POLL_S = 0.02


def confine(*, cpu_s: int, memory_mib: int, platform: str = sys.platform) -> None:
    """Die at `cpu_s` of processor time, get at most `memory_mib` more memory, open nothing.

    All that is to be imported or loaded has to be by then: no file, socket or pipe can be opened,
    nothing is written to a file that is open, no core is dumped. On Linux no file can be removed
    or changed either, and nothing reaches another process (`confinement_linux`). A process cannot
    begin another, except the superuser's on macOS.

    Linux refuses the allocation (`MemoryError`) and sends SIGXCPU; Windows does both through a job
    object. macOS does not keep a limit on memory, so a thread there watches it and exits with
    `EXIT_MEMORY`. Raises `OSError` where the system refuses: then nothing may be read.
    """
    if platform == "win32":
        confine_by_job(ctypes.WinDLL("kernel32"), cpu_s, memory_mib)  # type: ignore[attr-defined]  # Windows
        return
    _confine_by_rlimits(cpu_s)
    if platform == "linux":
        _limit_address_space(memory_mib)
        deny_resources()
        _open_nothing_more()
        deny_calls()
    else:
        _watch_memory(_peak_bytes() + memory_mib * 2**20)
        _open_nothing_more()
        _begin_no_process()


class BasicLimits(ctypes.Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION, 64 bytes."""

    _fields_ = (
        ("PerProcessUserTimeLimit", ctypes.c_int64),
        ("PerJobUserTimeLimit", ctypes.c_int64),
        ("LimitFlags", ctypes.c_uint32),
        ("MinimumWorkingSetSize", ctypes.c_size_t),
        ("MaximumWorkingSetSize", ctypes.c_size_t),
        ("ActiveProcessLimit", ctypes.c_uint32),
        ("Affinity", ctypes.c_size_t),
        ("PriorityClass", ctypes.c_uint32),
        ("SchedulingClass", ctypes.c_uint32),
    )


class ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION, 144 bytes."""

    _fields_ = (
        ("BasicLimitInformation", BasicLimits),
        ("IoInfo", ctypes.c_ulonglong * 6),
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    )


_EXTENDED_LIMIT_INFORMATION = 9
LIMIT_PROCESS_TIME = 0x2
LIMIT_ACTIVE_PROCESS = 0x8
LIMIT_PROCESS_MEMORY = 0x100
#: What the interpreter and its libraries have committed before the limit is set.
COMMITTED_MIB = 256


def confine_by_job(kernel: Any, cpu_s: int, memory_mib: int) -> None:
    """Put this process into a job object of its own. `kernel` is Windows' kernel32.

    Raises `OSError`.
    """
    kernel.CreateJobObjectW.restype = ctypes.c_void_p
    kernel.CreateJobObjectW.argtypes = [ctypes.c_void_p, ctypes.c_wchar_p]
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    kernel.SetInformationJobObject.argtypes = [
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_uint32,
    ]
    kernel.AssignProcessToJobObject.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    limits = ExtendedLimits()
    limits.BasicLimitInformation.PerProcessUserTimeLimit = cpu_s * 10_000_000  # of 100 ns
    limits.BasicLimitInformation.ActiveProcessLimit = 1
    limits.BasicLimitInformation.LimitFlags = (
        LIMIT_PROCESS_TIME | LIMIT_ACTIVE_PROCESS | LIMIT_PROCESS_MEMORY
    )
    limits.ProcessMemoryLimit = (COMMITTED_MIB + memory_mib) * 2**20
    job = kernel.CreateJobObjectW(None, None)
    if not (
        job
        and kernel.SetInformationJobObject(
            job, _EXTENDED_LIMIT_INFORMATION, ctypes.byref(limits), ctypes.sizeof(limits)
        )
        and kernel.AssignProcessToJobObject(job, kernel.GetCurrentProcess())
    ):
        raise OSError("Windows does not let this process be confined")


if sys.platform != "win32":
    import resource

    def _confine_by_rlimits(cpu_s: int) -> None:
        _lower(resource.RLIMIT_CPU, cpu_s)
        _lower(resource.RLIMIT_FSIZE, 0)
        _lower(resource.RLIMIT_CORE, 0)
        # The bot's own threads have to keep a packet every 20 ms.
        os.nice(5)

    def _open_nothing_more() -> None:
        _lower(resource.RLIMIT_NOFILE, 0)

    def _begin_no_process() -> None:
        _lower(resource.RLIMIT_NPROC, 0)

    def _limit_address_space(memory_mib: int) -> None:
        pages = int(open("/proc/self/statm", encoding="ascii").read().split()[0])  # noqa: SIM115, PTH123 - freed at once
        _lower(resource.RLIMIT_AS, pages * resource.getpagesize() + memory_mib * 2**20)

    def _lower(limit: int, value: int) -> None:
        """Lower a limit; where it is already lower, leave it."""
        _, hard = resource.getrlimit(limit)
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(limit, (value, value))

    def _peak_bytes() -> int:
        """Most resident memory so far: macOS counts it in bytes, others in KiB."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024

    def _watch_memory(most_bytes: int) -> None:
        def watch() -> None:
            while _peak_bytes() < most_bytes:
                time.sleep(_MEMORY_POLL_S)
            os._exit(EXIT_MEMORY)

        threading.Thread(target=watch, name="memory", daemon=True).start()
