"""Counts and latencies since the bot started, for `/status`, the demo's report and Prometheus."""

import math
import statistics
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from itertools import accumulate

#: From what a loop's turn may take to what nobody waits for, in seconds.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
#: Of the time that speech takes to be made over the time that it plays; from 1 on it is heard late.
_FACTORS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 5.0, 10.0)

#: Of voice packets, which come every 0.02 s; beyond 0.04 s they cannot catch up.
_LATENESS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.1, 0.5)

#: Each bucket's lower bound is so many times that of the one before; bucket 0 begins at 1 ms.
_BUCKET_RATIO = 1.1


class Distribution:
    """How often measurements fell below each of `bounds` since the start, as Prometheus counts."""

    def __init__(self, bounds: Sequence[float] = _SECONDS) -> None:
        self.bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    @property
    def mean(self) -> float | None:
        """None before the first."""
        count = sum(self._counts)
        return self.sum / count if count else None

    @property
    def cumulative(self) -> list[int]:
        """How many were at most each bound; at the end, all of them."""
        return list(accumulate(self._counts))


class Latencies:
    """The last `size` measurements of one duration, in milliseconds.

    `since_start` has the distribution of all of them, in seconds.
    """

    def __init__(self, size: int = 1000) -> None:
        self._values: deque[float] = deque(maxlen=size)
        self.since_start = Distribution()

    def add(self, milliseconds: float) -> None:
        self._values.append(milliseconds)
        self.since_start.observe(milliseconds / 1000)

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


class SendingFigures:
    """What the one sender of voice packets did: its thread writes, others read.

    `sending` is how many servers are being sent to, `lateness` by how much packets left too late,
    and `stalls` counts the sources that were given up because they blocked it. `refused` counts the
    joins that were refused because the bot was in as many voice channels as it may be.
    """

    def __init__(self) -> None:
        self.sending = 0
        self.lateness = Distribution(_LATENESS)
        self.stalls = 0
        self.refused = 0


class Metrics:
    """What the bot has done since it started.

    `first_sound` runs from the interaction's arrival to the first packet of speech handed to the
    voice connection; `synthesis` from a request to its audio, cache misses only, and
    `real_time_factor` is that over how long the audio plays. `loop_lag` is how late the event loop
    was over the last minute. `voice_gaps` counts the times that a voice channel heard silence in
    the middle of an utterance, because its next piece was late.
    """

    def __init__(self) -> None:
        self.first_sound = CountedLatencies()
        self.synthesis = Latencies()
        self.real_time_factor = Distribution(_FACTORS)
        self.enrolments = 0  # clips that the engine had to analyse: once for each voice
        self.loop_lag = Latencies(600)  # ten a second
        self.cache_hits = 0
        self.cache_misses = 0
        self.utterances = 0
        self.voice_gaps = 0
        self.sending = SendingFigures()
        self.characters = 0  # as they are read: numbers in words
        self.sound_ms = 0
        self.failures = 0  # pieces of text that could not be spoken

    def analysed(self, enrolments: int) -> None:
        """Note how many clips the engine that several bot processes share has analysed."""
        self.enrolments = enrolments

    def synthesised(self, took_s: float, plays_s: float) -> None:
        """Note that a request was answered with speech, which is not empty."""
        self.synthesis.add(took_s * 1000)
        self.real_time_factor.observe(took_s / plays_s)
