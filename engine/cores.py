"""Which processor cores threads and child processes may use.

Threads that hand one interpreter's lock to each other many thousand times a second do so in half
the time when they share a core (docs/benchmarks). Only Linux can be told; elsewhere nothing
happens.
"""

import logging
import os
import sys
import threading
from collections.abc import Collection, Iterable
from pathlib import Path

log = logging.getLogger(__name__)

#: What this process may use, as it was started; empty where it cannot be told.
_ALL = frozenset(os.sched_getaffinity(0)) if sys.platform == "linux" else frozenset()

#: Threads that compute without the interpreter's lock, and are to use all cores.
_apart: set[int] = set()


def stay_apart() -> None:
    """Let the calling thread use all cores, whatever the others do: it encodes, or computes."""
    _apart.add(threading.get_native_id())
    _keep([0], _ALL)


def share() -> bool:
    """Keep the process's other threads on the core where the calling one is.

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
    return _keep(_threads(), {core})


def spread() -> None:
    """Let all threads use all cores again."""
    _keep(_threads(), _ALL)


def give_all(process: int) -> bool:
    """Let a child process, just begun, use all cores: it inherits those of the thread it is of."""
    return _keep([process], _ALL)


def _threads() -> list[int]:
    known = (thread.native_id for thread in threading.enumerate())
    return [one for one in known if one is not None and one not in _apart]


def _keep(of: Iterable[int], cores: Collection[int]) -> bool:
    if sys.platform != "linux" or len(_ALL) < 2:
        return False
    done = True
    for one in of:
        try:
            os.sched_setaffinity(one, cores)
        except OSError as error:  # it has ended, or a container does not allow it
            log.info("cores could not be chosen", extra={"reason": str(error)})
            done = False
    return done
