"""Files of speech, heard: their samples, and how high they are."""

import io

import av
import numpy as np


def sound_of(content: bytes, name: str) -> tuple[np.ndarray, int]:
    """A file's samples and their rate."""
    if name == "pcm":
        return np.frombuffer(content, "<i2").astype(np.float32) / 32768, 24_000
    with av.open(io.BytesIO(content)) as container:
        rate = container.streams.audio[0].rate
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    samples = np.concatenate(frames, axis=1)[0]
    return samples / (32768 if samples.dtype == np.int16 else 1), rate


def pitch_of(samples: np.ndarray, rate: int) -> float:
    """The strongest pitch in Hz."""
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples))
