"""From the bytes of a reference clip to samples that can be enrolled, or the reason why not.

Every refusal is a `VoiceUnusable` whose sentence may be shown to the member; none has a path.
"""

import hashlib
import io
from pathlib import Path

import av
import av.error
import numpy as np
import soundfile

from engine.errors import VoiceUnusable
from engine.speech import ClonedVoice, FloatArray
from engine.upstream.acoustics import resample

SAMPLE_RATE = 24_000
MIN_DURATION_S = 1.0
MAX_DURATION_S = 120.0
MAX_BYTES = 64 * 2**20
#: -60 dBFS: below it there is no voice to learn, whatever the format's resolution.
SILENT_PEAK = 1e-3


def read(voice: ClonedVoice) -> bytes:
    """The clip's bytes, which are those that `voice` names. Raises `VoiceUnusable`."""
    path = Path(voice.clip_path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise VoiceUnusable("The voice's clip is too large.")
        content = path.read_bytes()
    except OSError as error:
        raise VoiceUnusable(
            "The voice's clip is missing; the voice has to be registered again."
        ) from error
    if hashlib.sha256(content).hexdigest() != voice.clip_sha256:
        raise VoiceUnusable(
            "The voice's clip has changed since it was registered; the voice has to be "
            "registered again."
        )
    return content


def decode(content: bytes) -> FloatArray:
    """Samples of a clip: mono float32 at 24 kHz, as upstream would load it.

    Raises `VoiceUnusable` for what is no audio, too short, too long, silent or not finite.
    """
    try:
        samples, rate = _with_soundfile(content)
    except soundfile.LibsndfileError:
        samples, rate = _with_av(content)
    duration_s = len(samples) / rate
    if duration_s < MIN_DURATION_S:
        raise VoiceUnusable("The voice's clip is too short to learn a voice from.")
    if not np.isfinite(samples).all():
        raise VoiceUnusable("The voice's clip is damaged: it has samples that are not numbers.")
    if np.abs(samples).max() < SILENT_PEAK:
        raise VoiceUnusable("The voice's clip is silent.")
    return resample(samples, orig_sr=rate, target_sr=SAMPLE_RATE)


def _with_soundfile(content: bytes) -> tuple[FloatArray, int]:
    with soundfile.SoundFile(io.BytesIO(content)) as file:
        if file.frames > MAX_DURATION_S * file.samplerate:
            raise _too_long()
        samples = file.read(dtype="float32", always_2d=True)
        return samples.mean(axis=1), file.samplerate


def _with_av(content: bytes) -> tuple[FloatArray, int]:
    """Decode what libsndfile does not know, such as AAC in MP4."""
    blocks: list[FloatArray] = []
    duration_s = 0.0
    try:
        with av.open(io.BytesIO(content), mode="r") as container:
            resampler = av.AudioResampler(format="fltp", layout="mono")
            for frame in container.decode(audio=0):
                for block in resampler.resample(frame):
                    blocks.append(block.to_ndarray()[0])
                    duration_s += block.samples / block.sample_rate
                if duration_s > MAX_DURATION_S:
                    raise _too_long()
            rate = container.streams.audio[0].codec_context.sample_rate
    except (av.error.FFmpegError, IndexError, ValueError) as error:
        raise VoiceUnusable("The voice's clip is not audio that can be decoded.") from error
    if not blocks:
        raise VoiceUnusable("The voice's clip has no sound in it.")
    return np.concatenate(blocks).astype(np.float32), rate


def _too_long() -> VoiceUnusable:
    return VoiceUnusable("The voice's clip is too long to learn a voice from.")
