"""Counts and latencies since the bot started, for `/status` and the demo's report."""

import statistics
from collections import deque


class Latencies:
    """The last `size` measurements of one duration, in milliseconds."""

    def __init__(self, size: int = 1000) -> None:
        self._values: deque[float] = deque(maxlen=size)

    def add(self, milliseconds: float) -> None:
        self._values.append(milliseconds)

    def percentile(self, percent: int) -> float | None:
        """The value that `percent` of the measurements do not exceed; None before the first."""
        if not self._values:
            return None
        if len(self._values) == 1:
            return self._values[0]
        return statistics.quantiles(self._values, n=100, method="inclusive")[percent - 1]

    def __len__(self) -> int:
        return len(self._values)


class Metrics:
    """What the bot has done since it started.

    `first_sound` runs from the interaction's arrival to the first packet of speech handed to the
    voice connection; `synthesis` from a request to its audio, cache misses only. `loop_lag` is how
    late the event loop was over the last minute.
    """

    def __init__(self) -> None:
        self.first_sound = Latencies()
        self.synthesis = Latencies()
        self.enrolments = 0  # clips that the engine had to analyse: once for each voice
        self.loop_lag = Latencies(3000)
        self.cache_hits = 0
        self.cache_misses = 0
        self.utterances = 0
