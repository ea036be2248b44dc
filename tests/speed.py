"""How fast this machine is just now, for tests that hold how long work takes.

A shared machine is at times half as fast as it was an hour before; a limit in seconds alone would
then judge the machine. The yardstick does what reading a message does: patterns over text.
"""

import re
import time
from collections.abc import Callable

#: What the yardstick takes on the machine whose figures docs/benchmarks shows, quiet.
_USUAL_S = 0.0105
_TEXT = "Meet at 12:30 for 5 km, it costs $3.50 or so. " * 60
_PATTERNS = (
    re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{3}){1,4}|\d{1,24})(?:\.\d{1,24})?(?= ?(?:km|mi|kg)\b)"),
    re.compile(r"\b(?:[01]?\d|2[0-3]):[0-5]\d\b"),
    re.compile(r"\b(?i:it|at|for|so)\b"),
)


def best_s(work: Callable[[], object], within_s: float, tries: int = 6) -> tuple[float, float]:
    """Seconds of processor time that `work` takes, and `within_s` for a machine as fast as this.

    The least of some tries; the yardstick is laid beside each, so that both meet the same machine.
    """
    took_s, yardstick_s = [], []
    for _ in range(tries):
        yardstick_s.append(_processor_s(_yardstick))
        took_s.append(_processor_s(work))
        if took_s[-1] < within_s:
            break
    return min(took_s), within_s * max(1.0, min(yardstick_s) / _USUAL_S)


def slowness() -> float:
    """How many times as slow this machine is as a quiet one, just now; 1 at least."""
    return max(1.0, min(_processor_s(_yardstick) for _ in range(6)) / _USUAL_S)


def _yardstick() -> None:
    for _ in range(12):
        for pattern in _PATTERNS:
            pattern.sub(lambda match: match.group().upper(), _TEXT)


def _processor_s(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
