"""Opus as Discord wants it: 48 kHz, stereo, 20 ms a packet, kept in Ogg files.

PyAV's wheel carries libopus, so no system library is needed. It gets all samples at once and only
encodes, as each call for a frame or a packet costs more than a tenth of it. Synchronous: call it in
a thread.
"""

import io
import struct
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt

from bot.speech.audio.ogg import file_of
from bot.speech.audio.ogg import packets as ogg_packets
from engine.speech import FloatArray

SAMPLE_RATE = 48_000
PACKET_MS = 20
PACKET_SAMPLES = SAMPLE_RATE * PACKET_MS // 1000

#: What every file of speech says of itself in its tags.
SYNTHETIC = "Synthetic speech, made by Timbre"

#: Of libopus, 0 to 10. From 5 on it looks for a pitch: an eighth of the work for 0.4 dB.
_COMPLEXITY = "4"

#: What a decoder is to leave out at the beginning: libopus looks ahead so far.
PRE_SKIP_SAMPLES = 312

#: RFC 7845: version, channels, pre-skip, the input's rate, gain, mapping family.
_HEAD = struct.pack("<8sBBHIhB", b"OpusHead", 1, 2, PRE_SKIP_SAMPLES, SAMPLE_RATE, 0, 0)
_COMMENT = f"DESCRIPTION={SYNTHETIC}".encode()
_VENDOR = b"Timbre"
_TAGS = struct.pack(
    f"<8sI{len(_VENDOR)}sII{len(_COMMENT)}s",
    b"OpusTags",
    len(_VENDOR),
    _VENDOR,
    1,
    len(_COMMENT),
    _COMMENT,
)

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
    samples = _as_discord_wants_it(pcm, sample_rate)
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="stereo")
    frame.sample_rate = SAMPLE_RATE
    frame.time_base = Fraction(1, SAMPLE_RATE)
    frame.pts = 0
    codec = av.AudioCodecContext.create("libopus", "w")
    codec.sample_rate = SAMPLE_RATE
    codec.layout = "stereo"
    codec.format = "flt"
    codec.bit_rate = kbps * 1000
    codec.time_base = Fraction(1, SAMPLE_RATE)
    codec.options = {
        "application": "audio",
        "frame_duration": str(PACKET_MS),
        "compression_level": _COMPLEXITY,
        "vbr": "on",
    }
    packets = [bytes(packet) for part in (frame, None) for packet in codec.encode(part)]
    return packets, _file_of(packets, len(samples) + PRE_SKIP_SAMPLES)


def _as_discord_wants_it(pcm: FloatArray, sample_rate: int) -> FloatArray:
    """`pcm` at 48 kHz and of shape (samples, 2), padded to whole packets."""
    # The resampler gives nothing for less than its filter is long.
    whole = np.pad(pcm, (0, max(0, sample_rate * PACKET_MS // 1000 - len(pcm))))
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(whole, dtype=np.float32)[None, :], format="flt", layout="mono"
    )
    frame.sample_rate = sample_rate
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    parts = [part.to_ndarray() for part in (*resampler.resample(frame), *resampler.resample(None))]
    mono = np.concatenate(parts, axis=1).reshape(-1)
    # Duplicated here, not by the resampler: that takes 3 dB off when it makes stereo of mono.
    samples = np.zeros((len(mono) + -len(mono) % PACKET_SAMPLES, 2), np.float32)
    samples[: len(mono)] = mono[:, None]
    return samples


def _file_of(packets: Sequence[bytes], samples: int) -> bytes:
    return file_of((_HEAD, _TAGS), packets, packet_samples=PACKET_SAMPLES, samples=samples)


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
    return _file_of(packets, len(packets) * PACKET_SAMPLES)


def decode(ogg: bytes) -> npt.NDArray[np.float32]:
    """The sound of an Ogg Opus file: float32 of shape (samples, 2) at 48 kHz."""
    with av.open(io.BytesIO(ogg), "r", format="ogg") as container:
        parts = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate(parts, axis=1).T.astype(np.float32)
