"""The worker's two pipes to the Discord process, kept from everything else in this process.

What differs between platforms on the worker's side is here. Must import the standard library alone:
what is imported before `claim` can still print into the pipe.
"""

import os
import sys


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
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 - exists there alone

        for descriptor in (stdin, stdout):
            msvcrt.setmode(descriptor, os.O_BINARY)
    return stdin, stdout


def resident_bytes() -> int:
    """Memory this process occupies: now on Linux, at most so far on macOS, 0 on Windows."""
    if sys.platform == "win32":
        return 0
    if sys.platform == "linux":
        with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - once a second
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource  # noqa: PLC0415 - does not exist on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
