"""Recordings to upload: the stock voice's speech in every format that people send.

What many tests upload lies in `said/`: a core takes two seconds to speak a sentence.
`python -m tests.bot.clips.recordings VOICE TEXT` adds one.
"""

import hashlib
import io
import os
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile
from filelock import FileLock

from bot.clips.resampling import resample
from engine.messages import Speak
from engine.speech import FloatArray, SpeechParameters, StockVoice
from tests.stock import stock_engine

RATE = 24_000
#: Other sentences than were used to choose limits, about four seconds each.
TEXTS = (
    "My sister has a small garden behind the house, where she grows tomatoes and beans.",
    "The train to the coast leaves at seven, so we should be there before noon.",
    "Nobody knows who left the door open, but the cat is gone and so is the fish!",
    "Could you hold this for a moment? I have to find my glasses before I can read it.",
)

#: name: (muxer, encoder, sample rate, sample format, with a picture)
FORMATS = {
    "wav": ("wav", "pcm_s16le", 44_100, "s16", False),
    "wav, 24 bit": ("wav", "pcm_s24le", 48_000, "s32", False),
    "wav, 8 bit": ("wav", "pcm_u8", 22_050, "u8", False),
    "wav, float": ("wav", "pcm_f32le", 48_000, "flt", False),
    "flac": ("flac", "flac", 44_100, "s16", False),
    "mp3": ("mp3", "libmp3lame", 44_100, "fltp", False),
    "m4a": ("ipod", "aac", 44_100, "fltp", False),
    "aac": ("adts", "aac", 48_000, "fltp", False),
    "voice message": ("ogg", "libopus", 48_000, "s16", False),
    "webm": ("webm", "libopus", 48_000, "s16", False),
    "mp4 video": ("mp4", "aac", 48_000, "fltp", True),
    "webm video": ("webm", "libopus", 48_000, "s16", True),
}


def sentences(voices: Sequence[str], texts: Sequence[str]) -> dict[str, list[FloatArray]]:
    """Mono float32 at `RATE`."""
    return {voice: [_said(voice, text) for text in texts] for voice in voices}


def _said(voice: str, text: str) -> FloatArray:
    """As it lies in `said/`, or spoken once in a run: its lanes share the files."""
    kept = _kept(voice, text)
    if kept.exists():
        recorded: FloatArray = soundfile.read(kept, dtype="float32")[0]
        return recorded
    file = Path(os.environ["SPOKEN_FOR_TESTS"], f"{kept.stem}.npy")
    with FileLock(f"{file}.lock"):
        if not file.exists():
            np.save(file, _spoken(voice, text))
    said: FloatArray = np.load(file)
    return said


def _kept(voice: str, text: str) -> Path:
    digest = hashlib.sha256(f"{voice} {text}".encode()).hexdigest()
    return Path(__file__).with_name("said") / f"{voice}-{digest[:16]}.flac"


def _spoken(voice: str, text: str) -> FloatArray:
    job = Speak(job_id=1, text=text, voice=StockVoice(voice), parameters=SpeechParameters())
    return stock_engine().synthesise(job, lambda: False).pcm


def encode(pcm: FloatArray, name: str, *, stereo: bool = False) -> bytes:
    """`pcm` (mono at `RATE`) in the format of that name in `FORMATS`."""
    muxer, encoder, rate, sample_format, picture = FORMATS[name]
    samples = np.clip(resample(pcm, RATE, rate), -1, 1)
    out = io.BytesIO()
    layout = "stereo" if stereo else "mono"
    with av.open(out, "w", format=muxer) as container:
        video = _video(container, muxer) if picture else None
        stream = container.add_stream(encoder, rate=rate, layout=layout)
        resampler = av.AudioResampler(format=sample_format, layout=layout, rate=rate)
        if video:
            _film(container, video, len(pcm) / RATE)
        fifo = av.AudioFifo()
        block = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[None]), format="fltp", layout="mono"
        )
        block.sample_rate = rate
        block.time_base = Fraction(1, rate)
        block.pts = 0
        for frame in resampler.resample(block):
            fifo.write(frame)
        while frame := fifo.read(stream.codec_context.frame_size or 1024, partial=True):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def repeated(content: bytes, times: int) -> bytes:
    """A recording without a picture, its packets so many times over: as good as encoded whole."""
    out = io.BytesIO()
    with (
        av.open(io.BytesIO(content)) as source,
        av.open(out, "w", format=source.format.name) as container,
    ):
        stream = container.add_stream_from_template(source.streams.audio[0])
        packets = [packet for packet in source.demux(audio=0) if packet.size]
        at = 0
        for packet in packets * times:
            again = av.Packet(bytes(packet))
            again.stream, again.time_base = stream, packet.time_base
            again.pts = again.dts = at
            again.duration = packet.duration
            at += packet.duration
            container.mux(again)
    return out.getvalue()


def film_without_sound() -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        _film(container, _video(container, "mp4"), 1.0)
    return out.getvalue()


def _video(container: av.container.OutputContainer, muxer: str) -> av.VideoStream:
    stream = container.add_stream("libvpx" if muxer == "webm" else "mpeg4", rate=5)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    return stream


def _film(container: av.container.OutputContainer, stream: av.VideoStream, length_s: float) -> None:
    for index in range(int(length_s * 5)):
        picture = np.full((48, 64, 3), (index * 7) % 255, np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
    container.mux(stream.encode(None))


if __name__ == "__main__":
    VOICE, TEXT = sys.argv[1:]
    soundfile.write(_kept(VOICE, TEXT), _spoken(VOICE, TEXT), RATE, subtype="PCM_16")
