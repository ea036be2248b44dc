"""Counts and latencies since the bot started, for `/status` and the demo's report."""

import math
import statistics
from collections import Counter, deque
from collections.abc import Mapping

#: Each bucket's lower bound is so many times that of the one before; bucket 0 begins at 1 ms.
_BUCKET_RATIO = 1.1


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


class CountedLatencies(Latencies):
    """Latencies of which all are counted by size: `counts` has how many fell into each bucket."""

    def __init__(self, size: int = 1000) -> None:
        super().__init__(size)
        self.counts: Counter[int] = Counter()

    def add(self, milliseconds: float) -> None:
        super().add(milliseconds)
        self.counts[math.floor(math.log(max(milliseconds, 1.0), _BUCKET_RATIO))] += 1


def percentile_of(counts: Mapping[int, int], percent: int) -> float | None:
    """What `percent` of counted latencies do not exceed, in ms, 5 % more or less; None for none."""
    rank = math.ceil(sum(counts.values()) * percent / 100)
    for bucket, count in sorted(counts.items()):
        rank -= count
        if rank <= 0:
            return float(_BUCKET_RATIO ** (bucket + 0.5))
    return None


class Metrics:
    """What the bot has done since it started.

    `first_sound` runs from the interaction's arrival to the first packet of speech handed to the
    voice connection; `synthesis` from a request to its audio, cache misses only. `loop_lag` is how
    late the event loop was over the last minute.
    """

    def __init__(self) -> None:
        self.first_sound = CountedLatencies()
        self.synthesis = Latencies()
        self.enrolments = 0  # clips that the engine had to analyse: once for each voice
        self.loop_lag = Latencies(3000)
        self.cache_hits = 0
        self.cache_misses = 0
        self.utterances = 0
        self.characters = 0  # as they are read: numbers in words
        self.sound_ms = 0
        self.failures = 0  # pieces of text that could not be spoken
