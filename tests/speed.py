"""How fast this machine is just now, for tests that hold how long work takes.

A shared machine is at times half as fast as it was an hour before; a limit in seconds alone would
then judge the machine. The yardstick does what reading a message does: patterns over text.
"""

import gc
import re
import time
from collections.abc import Callable

#: How much more than promised work may take here: it may need the caches, which other work takes,
#: more than the yardstick does. The promises themselves are measured on a quiet machine.
BUSY = 2
#: What the yardstick takes on the machine whose figures docs/benchmarks shows, quiet.
_USUAL_S = 0.0105
_TEXT = "Meet at 12:30 for 5 km, it costs $3.50 or so. " * 60
_PATTERNS = (
    re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{3}){1,4}|\d{1,24})(?:\.\d{1,24})?(?= ?(?:km|mi|kg)\b)"),
    re.compile(r"\b(?:[01]?\d|2[0-3]):[0-5]\d\b"),
    re.compile(r"\b(?i:it|at|for|so)\b"),
)


def best_s(work: Callable[[], object], within_s: float, tries: int = 8) -> float:
    """Seconds of processor time that `work` takes, as if this machine were a quiet one.

    The least of some tries, as soon as one is less than `within_s`. The yardstick is laid before
    and after each: the machine may become slower meanwhile, so the slower of the two counts.
    """
    took_s = []
    for _ in range(tries):
        before = slowness()
        work_s = _processor_s(work)
        took_s.append(work_s / max(before, slowness()))
        if took_s[-1] < within_s:
            break
    return min(took_s)


def slowness() -> float:
    """How many times as slow as a quiet one this machine is at this moment; 1 at least."""
    return max(1.0, _processor_s(_yardstick) / _USUAL_S)


def _yardstick() -> None:
    for _ in range(12):
        for pattern in _PATTERNS:
            pattern.sub(lambda match: match.group().upper(), _TEXT)


def _processor_s(work: Callable[[], object]) -> float:
    """Of this thread alone, and without what it costs to look through all that tests left."""
    collects = gc.isenabled()
    gc.disable()
    try:
        start = time.thread_time()
        work()
        return time.thread_time() - start
    finally:
        if collects:
            gc.enable()
