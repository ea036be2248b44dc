"""From an upload's bytes to mono samples. Runs in the child process only.

The format is recognised by content and opened by exactly that demuxer, with decoders of sound
only: a playlist, a picture or a video's frames are never interpreted, and nothing but the given
file can be opened.
"""

import io
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import av
import av.error
import numpy as np
import numpy.typing as npt

from bot.clips.mpeg import SEARCHED_BYTES, first_frame
from bot.clips.resampling import Resampler
from bot.clips.verdict import SAMPLE_RATE, Unfit
from engine.speech import FloatArray

_MIN_RATE, _MAX_RATE = 8_000, 192_000
_MAX_CHANNELS = 8
#: Share of a file's packets that may be broken before it counts as damaged.
_MAX_BROKEN_SHARE = 0.05
#: Share of the loudest channel's energy that is left of it in the mean of all, where they cancel
#: each other out. One voice in one of two channels leaves a quarter, in one of six a 36th.
_CANCELLED = 0.02
#: Samples of the PCM decoders for floating point; lossy decoders' are planar, or integers.
_UNBOUNDED = ("flt", "dbl")
_HEADER_BYTES = 64
_MOST_TAGS = 4
_DECODERS = (
    "aac,aac_fixed,alac,flac,libopus,libvorbis,mp3,mp3float,opus,vorbis,"
    "adpcm_ima_wav,adpcm_ms,pcm_alaw,pcm_mulaw,pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,"
    "pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be"
)
_FORMATS = (
    (re.compile(rb"(RIFF|RF64)....WAVE", re.DOTALL), "wav"),
    (re.compile(rb"fLaC"), "flac"),
    (re.compile(rb"OggS"), "ogg"),
    (re.compile(rb"\x1a\x45\xdf\xa3"), "matroska"),
    (re.compile(rb"....ftyp", re.DOTALL), "mov"),
    # Eleven set bits, then two of version and two of layer: layer 0 is AAC's, 1 is MP3's.
    (re.compile(rb"\xff[\xf0\xf1\xf8\xf9]"), "aac"),
    (re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]"), "mp3"),
)

_UNKNOWN = (
    "I do not know this kind of file; please send a recording as WAV, FLAC, MP3, M4A, OGG or WebM."
)
_DAMAGED = "The file is damaged and cannot be played; please export or record it again."
_NO_SOUND = "There is no sound in this file; please send a recording of your voice."


def decode(file: BinaryIO, max_decoded_s: float) -> FloatArray:
    """Samples of the file's first sound track, (samples,) at `SAMPLE_RATE`, nominally in [-1, 1].

    Raises `Unfit`, and `MemoryError` where the process may have no more.
    """
    mixer = _Mixer()
    samples = _decoded(file, mixer, max_decoded_s)
    if (channel := mixer.clearer_alone) is not None:
        mixer = _Mixer(channel)
        samples = _decoded(file, mixer, max_decoded_s)
    if not np.isfinite(samples).all():
        raise Unfit(_DAMAGED)
    # Numbers with a floating point hold any loudness: what is above full scale is no distortion.
    return samples / max(np.float32(1), np.float32(mixer.peak))


def _decoded(file: BinaryIO, mixer: "_Mixer", max_decoded_s: float) -> FloatArray:
    blocks: list[FloatArray] = []
    try:
        name, start = _format_of(file)
        with av.open(
            _Rest(file, start) if start else file,
            "r",
            format=name,
            options={"codec_whitelist": _DECODERS, "protocol_whitelist": "-"},
            metadata_errors="ignore",
        ) as container:
            length = 0
            for block in _resampled(_frames(container), mixer):
                blocks.append(block)
                length += len(block)
                if length > max_decoded_s * SAMPLE_RATE:
                    raise Unfit(
                        "The recording is longer than {minutes:.0f} minutes; "
                        "please send only a part of it.",
                        minutes=max_decoded_s / 60,
                    )
    except (Unfit, MemoryError):
        raise
    except Exception as error:  # whatever a library makes of bytes that mean nothing
        raise Unfit(_DAMAGED) from error
    if not blocks:
        raise Unfit(_NO_SOUND)
    return np.concatenate(blocks)


class _Rest:
    """A file from some byte on, as PyAV reads it."""

    def __init__(self, file: BinaryIO, start: int) -> None:
        self._file, self._start = file, start
        file.seek(start)

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = self._start if whence == io.SEEK_SET else 0
        return self._file.seek(start + offset, whence) - self._start

    def tell(self) -> int:
        return self._file.tell() - self._start


def _format_of(file: BinaryIO) -> tuple[str, int]:
    """The demuxer for what the file holds, and the byte from which on it does.

    ID3 tags before the sound are skipped. Where nothing is found behind them, MP3 is looked for:
    their size may be wrong, and anything may stand before the first frame.
    """
    start = 0
    for _ in range(_MOST_TAGS):
        file.seek(start)
        header = file.read(_HEADER_BYTES)
        if not header.startswith(b"ID3") or len(header) < 10:
            break
        # ID3v2: a ten-byte header; the size has seven bits a byte; a footer repeats the header.
        size = sum(
            (byte & 0x7F) << shift for byte, shift in zip(header[6:10], (21, 14, 7, 0), strict=True)
        )
        start += 10 + size + (10 if header[5] & 0x10 else 0)
    file.seek(0)
    if not start and not header:
        raise Unfit("The file is empty; please send a recording of your voice.")
    for pattern, name in _FORMATS:
        if pattern.match(header):
            return name, 0
    found = first_frame(file.read(SEARCHED_BYTES))
    file.seek(0)
    if found is None:
        raise Unfit(_UNKNOWN)
    return "mp3", found


def _frames(container: av.container.InputContainer) -> Iterator[av.AudioFrame]:
    """The sound, frame by frame; single broken packets are left out, as players do."""
    if not container.streams.audio:
        raise Unfit(_NO_SOUND)
    stream = container.streams.audio[0]
    if stream.codec_context is None or stream.codec_context.codec.name not in _DECODERS.split(","):
        raise Unfit(_UNKNOWN)
    stream.codec_context.thread_count = 1
    packets = broken = 0
    for packet in container.demux(stream):
        packets += 1
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            broken += 1
    if broken > max(2, packets * _MAX_BROKEN_SHARE):
        raise Unfit(_DAMAGED)


def _resampled(frames: Iterator[av.AudioFrame], mixer: "_Mixer") -> Iterator[FloatArray]:
    """Mono blocks at `SAMPLE_RATE`; a rate that changes on the way starts the filter anew."""
    rate = 0
    resampler: Resampler | None = None
    for frame in frames:
        if resampler is None or frame.sample_rate != rate:
            if resampler:
                yield from resampler.flush()
            rate = frame.sample_rate
            _require_sane(frame)
            resampler = Resampler(rate, SAMPLE_RATE)
        yield from resampler.push(mixer.mono(frame))
    if resampler:
        yield from resampler.flush()


def _require_sane(frame: av.AudioFrame) -> None:
    if not _MIN_RATE <= frame.sample_rate <= _MAX_RATE:
        raise Unfit(
            "The recording has a sample rate of {sample_rate} Hz; please send one with 16,000 to "
            "48,000 Hz.",
            sample_rate=frame.sample_rate,
        )


class _Mixer:
    """Makes mono of frames: the mean of their channels, or one `channel` alone."""

    def __init__(self, channel: int | None = None) -> None:
        self._channel = channel
        #: The largest sample that it gave, of a format whose numbers may exceed full scale.
        self.peak = 0.0
        self._energy = np.zeros(_MAX_CHANNELS)
        self._mixed_energy = 0.0

    def mono(self, frame: av.AudioFrame) -> FloatArray:
        """A frame's samples as float32, full scale 1.0."""
        channels = _channels(frame)
        # No silent infinities: `decode` looks for them once, at the end.
        with np.errstate(all="ignore"):
            mono: FloatArray = np.mean(channels, axis=0, dtype=np.float32)
            if len(channels) > 1:
                self._energy[: len(channels)] += np.square(channels, dtype=np.float64).sum(axis=1)
                self._mixed_energy += float(np.square(mono, dtype=np.float64).sum())
            if self._channel is not None:
                mono = channels[min(self._channel, len(channels) - 1)].astype(np.float32)
            if frame.format.name in _UNBOUNDED:
                self.peak = max(self.peak, float(np.abs(mono).max(initial=0.0)))
        return mono

    @property
    def clearer_alone(self) -> int | None:
        """The loudest channel, where mixing loses nearly all of it: one is another's inverse."""
        loudest = int(self._energy.argmax())
        lost = self._mixed_energy < _CANCELLED * self._energy[loudest]
        return loudest if lost else None


def _channels(frame: av.AudioFrame) -> npt.NDArray[Any]:
    """(channels, samples) in floating point, full scale 1.0."""
    count = frame.layout.nb_channels
    if not 1 <= count <= _MAX_CHANNELS:
        raise Unfit(
            "The recording has {count} channels; please send it in mono or stereo.", count=count
        )
    samples: npt.NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, count).T
    if samples.dtype.kind == "u":
        return samples.astype(np.float32) / 128 - 1
    if samples.dtype.kind == "i":
        return samples.astype(np.float32) / -float(np.iinfo(samples.dtype).min)
    return samples
