"""Where somebody speaks: silero-vad, run by onnxruntime alone. Torch is never imported.

The weights are those in the `silero-vad` package, which is found but not imported: importing it
would import torch.
"""

import importlib.util
from functools import cache
from pathlib import Path

import numpy as np

from engine.onnx import cpu_session
from engine.speech import FloatArray

RATE = 16_000
_MODEL = "silero_vad_16k_sequence.onnx"
_FRAME, _CONTEXT = 512, 64  # samples the model judges, and samples of the frame before
_BLOCK = 512  # frames a call
FRAME_S = _FRAME / RATE
#: Quiet recordings are raised to this level, by at most so much gain.
_LISTENING_RMS, _MAX_GAIN = 0.05, 30.0


class SpeechDetector:
    """The network, loaded. Raises `FileNotFoundError` where silero-vad is not installed."""

    def __init__(self) -> None:
        self._session = cpu_session(_model().read_bytes(), threads=1)

    def probabilities(self, sound: FloatArray) -> FloatArray:
        """The probability of speech in every frame of `sound` ((samples,) at `RATE`)."""
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


@cache
def loaded() -> SpeechDetector:
    """One for the whole process: loading takes as long as 10 s of sound."""
    return SpeechDetector()


def _model() -> Path:
    package = importlib.util.find_spec("silero_vad")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError("silero-vad is not installed")
    return Path(package.submodule_search_locations[0]) / "data" / _MODEL
