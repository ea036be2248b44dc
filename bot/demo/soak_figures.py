"""What a soak measured, and where that misses what is wanted."""

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bot.channel.limits import VoiceLimits
from bot.loopback.heard import PACKET_S, Packet

#: A packet that comes later than this after its time does not count as sent. Its time is counted
#: from when the line was asked for.
LATE_S = 1.0


@dataclass(frozen=True)
class Utterances:
    """What was heard in one server of the lines that were asked for at `asked_s`."""

    whole: int
    broken: int
    unencrypted: int
    in_time: int  # packets that came no later than `LATE_S` after their time
    starts_ms: list[float]
    gaps_ms: list[float]


def compared(packets: Sequence[Packet], line: Sequence[bytes], asked_s: list[float]) -> Utterances:
    """Packets of speech held against the `line` that should have been said each time.

    `asked_s` and arrivals are in `time.monotonic` seconds. A start is from the asking to the first
    packet of speech; gaps are between packets of one utterance.
    """
    broken = in_time = 0
    starts: list[float] = []
    gaps: list[float] = []
    for first in range(0, len(packets), len(line)):
        utterance = packets[first : first + len(line)]
        if [packet.opus for packet in utterance] != list(line):
            broken += 1
            continue
        arrivals = [packet.arrived_s for packet in utterance]
        gaps += [(b - a) * 1000 for a, b in itertools.pairwise(arrivals)]
        if len(starts) < len(asked_s):
            asked = asked_s[len(starts)]
            starts.append((arrivals[0] - asked) * 1000)
            in_time += sum(
                arrived <= asked + number * PACKET_S + LATE_S
                for number, arrived in enumerate(arrivals)
            )
    whole = -(-len(packets) // len(line)) - broken
    unencrypted = sum(not packet.encrypted for packet in packets)
    return Utterances(whole, broken, unencrypted, in_time, starts, gaps)


@dataclass(frozen=True)
class Figures:
    """What a soak measured.

    `start` is from sending `/say` to the first packet of speech, and `first_start` the same for the
    first line in each server, before which the bot sends 200 ms of silence; `gap` is between
    packets of one utterance; `packets_in_time` is the share of the packets due that came at most
    `LATE_S` late.
    `cores` is what the bot's own `processes` took of processors while all spoke, without workers,
    and `cores_by_thread` which of their threads, without those that ended meanwhile;
    `loopback_cores` is what it took to play Discord and the members. The loop's lag is of the
    process where it is largest.
    """

    servers: int
    seconds: float
    uncached: bool
    shards: int
    processes: int
    join_s: float  # until the bot was in all channels
    utterances: int
    lost_utterances: int
    repeated_utterances: int
    broken_utterances: int
    unencrypted_packets: int
    packets_in_time: float
    first_start_p99_ms: float
    start_p50_ms: float
    start_p99_ms: float
    start_max_ms: float
    gap_p50_ms: float
    gap_p99_ms: float
    gap_max_ms: float
    loop_lag_p50_ms: float
    loop_lag_p99_ms: float
    cores: float
    cores_by_thread: dict[str, float]
    loopback_cores: float
    load_average_1_min: float
    cpus: int
    python: str
    system: str

    def missed(self) -> list[str]:
        start_p99_ms = 400 if self.uncached else 200
        most = {
            "lost_utterances": 0,
            "repeated_utterances": 0,
            "broken_utterances": 0,
            "unencrypted_packets": 0,
            "first_start_p99_ms": start_p99_ms + VoiceLimits().first_lead_in_ms,
            "start_p99_ms": start_p99_ms,
            "gap_p99_ms": 30,
            "loop_lag_p99_ms": 50,
            "cores": self.processes * (1.8 if self.uncached else 0.9),
        }
        measured = asdict(self)
        missed = [
            f"{name} is {measured[name]:g}, not at most {limit}"
            for name, limit in most.items()
            if measured[name] > limit
        ]
        if self.packets_in_time < 1:
            missed.append(f"packets_in_time is {self.packets_in_time:.4%}, not all")
        return missed


def percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    """p50, p99 and the largest, rounded to a tenth; zeros for fewer than two values."""
    if len(values) < 2:
        return 0.0, 0.0, 0.0
    cuts = statistics.quantiles(values, n=100)
    return round(cuts[49], 1), round(cuts[98], 1), round(max(values), 1)
