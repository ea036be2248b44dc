"""A stretch of what a voice channel heard of the bot, and its measures."""

import itertools
import math
from dataclasses import dataclass
from functools import cached_property

import msgspec
import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 48_000
CHANNELS = 2
PACKET_SAMPLES = 960
PACKET_S = PACKET_SAMPLES / SAMPLE_RATE

#: Opus silence, which Discord has clients send unencrypted when they stop speaking.
SILENCE_FRAME = b"\xf8\xff\xfe"

#: A packet is audible when it is no silence frame and the RMS of its decoded samples is above this,
#: in dB relative to full scale (a full-scale square wave is 0 dBFS, a full-scale sine -3 dBFS).
AUDIBLE_DBFS = -50.0

#: A packet that arrives this much later than its predecessors promised was preceded by silence;
#: less is jitter, which a client's buffer hides.
_JITTER_S = 0.040

Pcm = npt.NDArray[np.int16]


# No dataclass, which takes ten times as long to make: of many servers there are 10,000 a second.
class Packet(msgspec.Struct, frozen=True, gc=False):
    """One RTP packet as it was heard.

    `arrived_s` is in `time.monotonic` seconds. `encrypted` says whether it came end-to-end
    encrypted, `listeners` how many members other than the bot were in the channel. `pcm` has shape
    (samples, 2) and is what the decoder made of it; `level_dbfs` is its RMS, -inf for nothing.
    """

    arrived_s: float
    ssrc: int
    sequence: int
    timestamp: int
    encrypted: bool
    listeners: int
    opus: bytes
    pcm: Pcm
    level_dbfs: float

    @property
    def is_silence_frame(self) -> bool:
        return self.opus == SILENCE_FRAME

    @property
    def audible(self) -> bool:
        """Whether the decoded RMS is above `AUDIBLE_DBFS` and it is no silence frame.

        What sounds in a silence frame is the last packet before it dying away.
        """
        return self.level_dbfs > AUDIBLE_DBFS and not self.is_silence_frame


@dataclass(frozen=True)
class Gap:
    """Time inside an utterance in which nothing to hear arrived.

    Counted between the end of one packet's 20 ms and the arrival of the next.
    """

    at_s: float
    length_ms: float


@dataclass(frozen=True)
class HeardUtterance:
    """A run of packets without a long interruption, from the first audible one to the last.

    `start_s` is the first one's arrival, `end_s` the last one's end, in `time.monotonic` seconds.
    """

    packets: tuple[Packet, ...]

    @property
    def start_s(self) -> float:
        return self.packets[0].arrived_s

    @property
    def end_s(self) -> float:
        return self.packets[-1].arrived_s + PACKET_S

    def gaps(self, longer_than_ms: float) -> list[Gap]:
        """Interruptions longer than this.

        A silence frame is an interruption; a quiet moment of the speech itself, which is encoded
        like any other, is not.
        """
        sounding = [packet for packet in self.packets if not packet.is_silence_frame]
        return [
            gap
            for before, after in itertools.pairwise(sounding)
            if (gap := _gap(before, after)).length_ms > longer_than_ms
        ]


@dataclass(frozen=True)
class Heard:
    """A stretch of a recording, with its measures.

    `dropped` has a reason for every packet that the server let nobody hear: it did not open with
    the connection's key or the group's, or the bot may not speak.
    """

    packets: tuple[Packet, ...]
    dropped: tuple[str, ...] = ()

    @cached_property
    def audible(self) -> tuple[Packet, ...]:
        """The packets that can be heard; see `Packet.audible`."""
        return tuple(packet for packet in self.packets if packet.audible)

    @cached_property
    def speech(self) -> tuple[Packet, ...]:
        """Everything but silence frames."""
        return tuple(packet for packet in self.packets if not packet.is_silence_frame)

    @property
    def unencrypted_audible(self) -> int:
        """Audible packets that somebody heard and that were not end-to-end encrypted."""
        return sum(not packet.encrypted and packet.listeners > 0 for packet in self.audible)

    def utterances(self, pause_ms: float = 400) -> list[HeardUtterance]:
        """Runs of audible packets; an interruption of at least `pause_ms` begins another.

        Inaudible packets inside a run belong to it, those around it do not.
        """
        runs: list[list[int]] = []
        last_sounding: Packet | None = None
        for index, packet in enumerate(self.packets):
            if packet.is_silence_frame:
                continue
            broken = last_sounding is None or _gap(last_sounding, packet).length_ms >= pause_ms
            last_sounding = packet
            if broken:
                runs.append([])
            if packet.audible:
                runs[-1].append(index)
        return [HeardUtterance(self.packets[run[0] : run[-1] + 1]) for run in runs if run]

    @cached_property
    def lost(self) -> int:
        """Sequence numbers that never came, between the first and last of each connection."""
        return sum(
            max(numbers) - min(numbers) + 1 - len(set(numbers))
            for numbers in self._sequences().values()
        )

    @cached_property
    def duplicated(self) -> int:
        """Packets whose sequence number had already come on the same connection."""
        return sum(len(numbers) - len(set(numbers)) for numbers in self._sequences().values())

    @cached_property
    def rush_ms(self) -> float:
        """How far arrivals ran ahead of real time at most, in ms.

        Beyond a few packets' length listeners hear speech fast-forward, or lose some of it.
        """
        worst = ahead = 0.0
        for before, after in itertools.pairwise(self.packets):
            ahead = max(0.0, ahead + PACKET_S - (after.arrived_s - before.arrived_s))
            worst = max(worst, ahead)
        return worst * 1000

    @cached_property
    def start_s(self) -> float:
        """When `pcm` begins: arrival of the first packet, `time.monotonic` seconds."""
        return self.packets[0].arrived_s if self.packets else math.nan

    @cached_property
    def pcm(self) -> Pcm:
        """Everything heard on the time line of arrival, shape (samples, 2), 48 kHz.

        Packets that come regularly, give or take `_JITTER_S`, are joined seamlessly; where
        none came, or one is missing, there is silence.
        """
        starts: list[int] = []
        end = 0
        previous: Packet | None = None
        for packet in self.packets:
            due = round((packet.arrived_s - self.start_s) * SAMPLE_RATE)
            if previous is not None and previous.ssrc == packet.ssrc:
                missing = (packet.sequence - previous.sequence - 1) & 0xFFFF
                end += missing * PACKET_SAMPLES if missing < 500 else 0
            if due - end > _JITTER_S * SAMPLE_RATE:
                end = due
            starts.append(end)
            end += len(packet.pcm)
            previous = packet
        timeline = np.zeros((end, CHANNELS), np.int16)
        for start, packet in zip(starts, self.packets, strict=True):
            timeline[start : start + len(packet.pcm)] = packet.pcm
        return timeline

    def _sequences(self) -> dict[int, list[int]]:
        """By connection, the sequence numbers in order of arrival, unwrapped past 65535."""
        unwrapped: dict[int, list[int]] = {}
        for packet in self.packets:
            numbers = unwrapped.setdefault(packet.ssrc, [])
            if numbers:
                step = (packet.sequence - numbers[-1] + 0x8000) % 0x10000 - 0x8000
                numbers.append(numbers[-1] + step)
            else:
                numbers.append(packet.sequence)
        return unwrapped


def _gap(before: Packet, after: Packet) -> Gap:
    end_s = before.arrived_s + PACKET_S
    return Gap(end_s, (after.arrived_s - end_s) * 1000)
