"""Everything that one voice channel heard: each packet of the bot, decoded.

Nothing here knows of sockets or keys.
"""

import asyncio
import bisect
import itertools
import math
from collections.abc import Callable

import av
import msgspec
import numpy as np

from bot.loopback.heard import CHANNELS, SAMPLE_RATE, SILENCE_FRAME, Heard, Packet, Pcm
from bot.loopback.rtp import SEALED_BYTES

#: How often it is looked whether something has come.
_LOOK_S = 0.02

_NOTHING: Pcm = np.zeros((0, CHANNELS), np.int16)

#: Of a datagram with a silence frame: nothing else is so short.
_SILENCE_BYTES = SEALED_BYTES + len(SILENCE_FRAME)


async def still(value: Callable[[], object], for_s: float) -> None:
    """Wait until a value has stayed the same for so long.

    Looks are counted: time in which this process did not get to look is no silence.
    """
    seen, looks = value(), 0
    while looks * _LOOK_S < for_s:
        await asyncio.sleep(_LOOK_S)
        now = value()
        seen, looks = now, looks + 1 if now == seen else 0


#: Opens a datagram that came at a time (`time.monotonic` seconds), while so many others than the
#: bot were there, and adds it to its channel's recording.
Open = Callable[[float, bytes, int], None]


class Recording:
    """All that one voice channel heard so far."""

    #: Whether packets may be left closed until it is asked what was heard.
    opens_later = False

    def __init__(self) -> None:
        self._packets: list[Packet] = []
        self._dropped: list[tuple[float, str]] = []
        self._decoders: dict[int, OpusDecoder] = {}
        #: Arrival of the last audible packet in `time.monotonic` seconds, None before the first.
        self.last_audible_s: float | None = None

    @property
    def last_s(self) -> float:
        """Arrival of the last packet in `time.monotonic` seconds, -inf before the first."""
        return self._packets[-1].arrived_s if self._packets else -math.inf

    def add(
        self,
        *,
        arrived_s: float,
        ssrc: int,
        sequence: int,
        timestamp: int,
        encrypted: bool,
        listeners: int,
        opus: bytes,
    ) -> Packet:
        """Decode and keep one packet. `ssrc` names the connection, which has one decoder."""
        pcm, level = self.decoded(ssrc, opus)
        packet = Packet(
            arrived_s, ssrc, sequence, timestamp, encrypted, listeners, opus, pcm, level
        )
        self._packets.append(packet)
        if packet.audible:
            self.last_audible_s = arrived_s
        return packet

    def decoded(self, ssrc: int, opus: bytes) -> tuple[Pcm, float]:
        decoder = self._decoders.get(ssrc)
        if decoder is None:
            decoder = self._decoders[ssrc] = OpusDecoder()
        pcm = decoder.decode(opus)
        return pcm, level_dbfs(pcm)

    def keep(self, arrived_s: float, datagram: bytes, listeners: int, then: Open) -> None:
        """Add what a datagram holds, where `opens_later` at the time that suits."""
        then(arrived_s, datagram, listeners)

    def open_all(self) -> None:
        """Open what was left closed: the keys are about to change."""

    def drop(self, arrived_s: float, reason: str) -> None:
        self._dropped.append((arrived_s, reason))

    def heard(self, since_s: float = -math.inf) -> Heard:
        """What arrived at or after `since_s` (`time.monotonic` seconds)."""
        self.open_all()
        return Heard(
            tuple(self._packets[self._index(since_s) :]),
            tuple(reason for arrived_s, reason in self._dropped if arrived_s >= since_s),
        )

    async def until_quiet(self, since_s: float, *, quiet_ms: float, timeout_s: float) -> Heard:
        async with asyncio.timeout(timeout_s):
            await self.until_audible(since_s, timeout_s=timeout_s)
            await still(lambda: self.last_audible_s, quiet_ms / 1000)
        return self.heard(since_s)

    async def until_audible(self, since_s: float, *, timeout_s: float) -> float:
        async with asyncio.timeout(timeout_s):
            while True:
                self.open_all()
                for packet in itertools.islice(self._packets, self._index(since_s), None):
                    if packet.audible:
                        return packet.arrived_s
                await asyncio.sleep(0.01)

    def _index(self, moment_s: float) -> int:
        # Packets are added in order of arrival.
        return bisect.bisect_left(self._packets, moment_s, key=lambda packet: packet.arrived_s)


class _Closed(msgspec.Struct, frozen=True, gc=False):
    """A datagram as it came, and what opens it."""

    arrived_s: float
    datagram: bytes
    listeners: int
    open: Open


class PacketLog(Recording):
    """A recording that decodes nothing, and opens packets when it is asked what was heard.

    Of hundreds of channels at once that would starve what is measured. Every packet that is no
    silence frame counts as one of speech.
    """

    opens_later = True

    def __init__(self) -> None:
        super().__init__()
        self._closed: list[_Closed] = []

    @property
    def last_s(self) -> float:
        return self._closed[-1].arrived_s if self._closed else super().last_s

    def keep(self, arrived_s: float, datagram: bytes, listeners: int, then: Open) -> None:
        self._closed.append(_Closed(arrived_s, datagram, listeners, then))
        if len(datagram) != _SILENCE_BYTES:
            self.last_audible_s = arrived_s

    def open_all(self) -> None:
        if not self._closed:
            return
        closed, self._closed = self._closed, []
        for one in closed:
            one.open(one.arrived_s, one.datagram, one.listeners)

    def decoded(self, ssrc: int, opus: bytes) -> tuple[Pcm, float]:  # noqa: ARG002 - as in the base
        """Nothing, at full level."""
        return _NOTHING, 0.0


class OpusDecoder:
    """libopus as PyAV carries it. Packets must come in order: speech is predicted from before."""

    def __init__(self) -> None:
        self._codec = av.AudioCodecContext.create("libopus", "r")
        self._codec.sample_rate = SAMPLE_RATE
        self._codec.layout = "stereo"

    def decode(self, opus: bytes) -> Pcm:
        """Samples of shape (samples, 2). A packet that is no Opus decodes to nothing."""
        try:
            frames = self._codec.decode(av.Packet(opus))
        except av.error.InvalidDataError:
            frames = []
        if not frames:
            return _NOTHING
        return np.concatenate([frame.to_ndarray().reshape(-1, CHANNELS) for frame in frames])


def level_dbfs(pcm: Pcm) -> float:
    """RMS over all samples and channels in dB relative to full scale."""
    if not pcm.size:
        return -math.inf
    rms = math.sqrt(float(np.mean(np.square(pcm.astype(np.float64)))))
    return 20 * math.log10(rms / 32768) if rms else -math.inf
