"""Where somebody speaks: silero-vad, run by onnxruntime alone. Torch is never imported.

The weights are those in the `silero-vad` package, which is found but not imported: importing it
would import torch.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.clips.resampling import resample
from bot.clips.verdict import SAMPLE_RATE
from engine.onnx import cpu_session
from engine.speech import FloatArray

_MODEL = "silero_vad_16k_sequence.onnx"
_RATE = 16_000
_FRAME, _CONTEXT = 512, 64  # samples the model judges, and samples of the frame before
_BLOCK = 512  # frames a call
FRAME_S = _FRAME / _RATE
#: Speech begins above the first probability and lasts until below the second (silero's defaults).
_BEGIN, _END = 0.5, 0.35
_MIN_SPEECH_S = 0.25
_MIN_PAUSE_S = 0.2
#: Quiet recordings are raised to this level, by at most so much gain.
_LISTENING_RMS, _MAX_GAIN = 0.05, 30.0


@dataclass(frozen=True, slots=True)
class SpeechSegment:
    """A stretch in which somebody speaks, in frames of `FRAME_S`, the end not included."""

    start: int
    end: int

    @property
    def frames(self) -> int:
        return self.end - self.start


class SpeechDetector:
    """The network, loaded."""

    def __init__(self) -> None:
        self._session = cpu_session(_model().read_bytes(), threads=1)

    def probabilities(self, samples: FloatArray) -> FloatArray:
        """The probability of speech in every frame of `samples` ((samples,) at `SAMPLE_RATE`)."""
        sound = resample(samples, SAMPLE_RATE, _RATE)
        rms = float(np.sqrt(np.mean(np.square(sound))))
        gain = min(max(1.0, _LISTENING_RMS / max(rms, 1e-9)), _MAX_GAIN)
        frames = np.pad(sound * np.float32(gain), (0, -len(sound) % _FRAME)).reshape(-1, _FRAME)
        before = np.vstack([np.zeros((1, _FRAME), np.float32), frames[:-1]])[:, -_CONTEXT:]
        model_input = np.hstack([before, frames])
        hidden = cell = np.zeros((1, 1, 128), np.float32)
        blocks = []
        for start in range(0, len(frames), _BLOCK):
            found, hidden, cell = self._session.run(
                ["speech_probs", "hn", "cn"],
                {"input": model_input[start : start + _BLOCK], "h": hidden, "c": cell},
            )
            blocks.append(np.asarray(found, np.float32).reshape(-1))
        return np.concatenate(blocks)


def segments(speech_probability: FloatArray) -> list[SpeechSegment]:
    """The segments of speech, in order; shorter pauses than 0.2 s belong to the speech."""
    found: list[SpeechSegment] = []
    start: int | None = None
    for index, probability in enumerate([*speech_probability.tolist(), 0.0]):
        if start is None and probability >= _BEGIN:
            start = index
        elif start is not None and probability < _END:
            if found and (start - found[-1].end) * FRAME_S < _MIN_PAUSE_S:
                start = found.pop().start
            found.append(SpeechSegment(start, index))
            start = None
    return [segment for segment in found if segment.frames * FRAME_S >= _MIN_SPEECH_S]


def _model() -> Path:
    package = importlib.util.find_spec("silero_vad")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError("silero-vad is not installed")
    return Path(package.submodule_search_locations[0]) / "data" / _MODEL
