"""Opus as Discord wants it: 48 kHz, stereo, 20 ms a packet, kept in Ogg files.

PyAV's wheel carries libopus, so no system library is needed. Synchronous: call it in a thread.
"""

import io
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt

from bot.speech.audio.ogg import packets as ogg_packets
from engine.speech import FloatArray

SAMPLE_RATE = 48_000
PACKET_MS = 20
PACKET_SAMPLES = SAMPLE_RATE * PACKET_MS // 1000

#: What every file of speech says of itself in its tags.
SYNTHETIC = "Synthetic speech, made by Timbre"

#: Of libopus, 0 to 10: more of it looks for what is music.
_COMPLEXITY = "5"

#: One packet of silence, as every Discord client sends it (Discord's voice documentation).
SILENCE = b"\xf8\xff\xfe"


class OpusFileError(Exception):
    """Bytes are not an Ogg Opus file that `encode` made."""


def encode(pcm: FloatArray, sample_rate: int, *, kbps: int) -> tuple[list[bytes], bytes]:
    """Encode mono float32 `pcm` of shape (samples,); return its packets and an Ogg file of them.

    The last packet is padded with silence: Discord has no shorter one. There is no in-band error
    correction: libopus has it only where it predicts speech, which takes three times the work, and
    words survive lost packets as well without (docs/benchmarks).

    Raises `ValueError` for no samples.
    """
    if not len(pcm):
        raise ValueError("there is nothing to encode")
    packets: list[bytes] = []
    ogg = io.BytesIO()
    with av.open(ogg, "w", format="ogg") as container:
        container.metadata["comment"] = SYNTHETIC
        stream = container.add_stream(
            "libopus",
            rate=SAMPLE_RATE,
            layout="stereo",
            options={
                "application": "audio",
                "frame_duration": str(PACKET_MS),
                "compression_level": _COMPLEXITY,
                "vbr": "on",
            },
        )
        stream.bit_rate = kbps * 1000
        for block in _blocks(pcm, sample_rate):
            for packet in stream.encode(block):
                packets.append(bytes(packet))
                container.mux(packet)
        for packet in stream.encode(None):
            packets.append(bytes(packet))
            container.mux(packet)
    return packets, ogg.getvalue()


def _blocks(pcm: FloatArray, sample_rate: int) -> list[av.AudioFrame]:
    # The resampler gives nothing for less than its filter is long.
    whole = np.pad(pcm, (0, max(0, sample_rate * PACKET_MS // 1000 - len(pcm))))
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(whole, dtype=np.float32)[None, :], format="flt", layout="mono"
    )
    frame.sample_rate = sample_rate
    # Duplicated below, not by the resampler: that takes 3 dB off when it makes stereo of mono.
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    parts = [part.to_ndarray() for part in (*resampler.resample(frame), *resampler.resample(None))]
    samples = np.repeat(np.concatenate(parts, axis=1).reshape(-1, 1), 2, axis=1)
    padding = -len(samples) % PACKET_SAMPLES
    samples = np.pad(samples, ((0, padding), (0, 0)))
    blocks = []
    for index, block in enumerate(samples.reshape(-1, 1, PACKET_SAMPLES * 2)):
        out = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="flt", layout="stereo")
        out.sample_rate = SAMPLE_RATE
        out.time_base = Fraction(1, SAMPLE_RATE)
        out.pts = index * PACKET_SAMPLES
        blocks.append(out)
    return blocks


def read_packets(ogg: bytes) -> list[bytes]:
    """The Opus packets of an Ogg file that `encode` or `join` made, in order.

    Raises `OpusFileError` where it is not such a one.
    """
    try:
        head, tags, *found = ogg_packets(ogg)
    except ValueError as error:
        raise OpusFileError("not a readable Ogg file") from error
    if not head.startswith(b"OpusHead") or not tags.startswith(b"OpusTags"):
        raise OpusFileError("not an Ogg Opus file")
    return [packet for packet in found if packet]


def join(packets: Sequence[bytes]) -> bytes:
    """An Ogg Opus file of packets that `encode` made, whatever files they came from."""
    out = io.BytesIO()
    with av.open(out, "w", format="ogg") as container:
        container.metadata["comment"] = SYNTHETIC
        stream = container.add_stream("libopus", rate=SAMPLE_RATE, layout="stereo")
        stream.codec_context.open()  # fills in the header; nothing is encoded
        for position, content in enumerate(packets):
            packet = av.Packet(content)
            packet.stream = stream
            packet.time_base = Fraction(1, SAMPLE_RATE)
            packet.pts = packet.dts = position * PACKET_SAMPLES
            packet.duration = PACKET_SAMPLES
            container.mux(packet)
    return out.getvalue()


def decode(ogg: bytes) -> npt.NDArray[np.float32]:
    """The sound of an Ogg Opus file: float32 of shape (samples, 2) at 48 kHz."""
    with av.open(io.BytesIO(ogg), "r", format="ogg") as container:
        parts = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate(parts, axis=1).T.astype(np.float32)
