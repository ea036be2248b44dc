"""The worker's two pipes to the Discord process, kept from everything else in this process.

What differs between platforms on the worker's side is here. Must import the standard library alone:
what is imported before `claim` can still print into the pipe.
"""

import os
import sys
from contextlib import suppress

#: What the pipe to the Discord process holds: 2.4 s of 24 kHz float32, and a little.
REPORTS_BYTES = 2**18


def claim() -> tuple[int, int]:
    """Take standard input and output for frames; returns their new descriptors.

    Afterwards descriptor 0 is empty and 1 is standard error, also for C code and child processes:
    no library can swallow a command or print into a report. To be called once, before libraries are
    imported.
    """
    if sys.stdout is not None:
        sys.stdout.flush()
    stdin, stdout = os.dup(0), os.dup(1)  # not inherited by child processes
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    os.dup2(2, 1)
    if sys.platform == "linux":
        _widen(stdout)
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 - exists there alone

        for descriptor in (stdin, stdout):
            msvcrt.setmode(descriptor, os.O_BINARY)
    return stdin, stdout


def _widen(pipe: int) -> None:
    """Make room for a first chunk of sound: by 64 KiB, both sides would take turns four times."""
    import fcntl  # noqa: PLC0415 - exists on Unix alone

    with suppress(OSError):  # it is no pipe, or the user has too many: it is only slower then
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, REPORTS_BYTES)


def resident_bytes() -> int:
    """Memory this process occupies: now on Linux, at most so far on macOS, 0 on Windows."""
    if sys.platform == "win32":
        return 0
    if sys.platform == "linux":
        with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - once a second
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource  # noqa: PLC0415 - does not exist on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
