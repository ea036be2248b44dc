"""Which processor cores threads and child processes may use.

Threads that hand one interpreter's lock to each other many thousand times a second do so in half
the time when they share a core (docs/benchmarks). Only Linux can be told; elsewhere nothing
happens.
"""

import logging
import os
import sys
from pathlib import Path

log = logging.getLogger(__name__)


def _allowed() -> frozenset[int]:
    """What this process may use, as it was started; empty where it cannot be told."""
    return frozenset(os.sched_getaffinity(0)) if sys.platform == "linux" else frozenset()


_ALL = _allowed()


def share(*threads: int) -> bool:
    """Keep threads, by their native ids, on the core where the calling thread is.

    False where nothing was done: there is one core, or the system takes no such wish.
    """
    if len(_ALL) < 2:
        return False
    try:
        # proc(5): the processor is the 39th field; the second, in brackets, may contain anything.
        stat = Path("/proc/thread-self/stat").read_text("utf-8")
        core = int(stat.rpartition(") ")[2].split()[36])
    except (OSError, ValueError, IndexError) as error:
        log.info("the current core is not known", extra={"reason": str(error)})
        return False
    return _keep(threads, {core})


def free(*of: int) -> bool:
    """Let threads or processes, by id (0: the calling thread), use all cores again."""
    return len(_ALL) > 1 and _keep(of, _ALL)


def _keep(of: tuple[int, ...], cores: frozenset[int] | set[int]) -> bool:
    if sys.platform != "linux":
        return False
    try:
        for one in of:
            os.sched_setaffinity(one, cores)
    except OSError as error:  # it has ended, or a container does not allow it
        log.info("cores could not be chosen", extra={"reason": str(error)})
        return False
    return True
