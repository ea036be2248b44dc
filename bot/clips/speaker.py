"""Whether one person speaks throughout, as far as a network can tell.

The voice encoder of Resemblyzer (see NOTICE), a three-layer LSTM, in numpy: it takes 0.1 s for ten
seconds of speech, and torch would take longer to import. Never keeps or returns an embedding:
they are biometric data and leave with the process.
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from bot.clips.resampling import FloatArray, resample
from bot.clips.verdict import SAMPLE_RATE

_RATE = 16_000
_FFT, _HOP = 400, 160  # 25 ms every 10 ms
_LAYERS, _WIDTH = 3, 256
_WINDOW = 160  # frames: 1.6 s, as the encoder was trained
_STEP = 60
_LEVEL_RMS = 10 ** (-30 / 20)  # the level that the encoder was trained at
#: A part that is heard in fewer windows (1.6 s and 0.6 s more for each) is chance.
_MIN_WINDOWS = 2
_ROUNDS = 20


class SpeakerEncoder:
    """Turns windows of speech into directions in a space where equal voices lie close."""

    def __init__(self) -> None:
        stored = load_file(Path(__file__).with_name("speaker.safetensors"))
        self._weights = {name: array.astype(np.float32) for name, array in stored.items()}

    def embed(self, voiced: FloatArray) -> FloatArray:
        """Unit vectors (windows, 256) of `voiced`, (samples,) at `SAMPLE_RATE` without pauses."""
        heard = resample(voiced, SAMPLE_RATE, _RATE)
        heard *= _LEVEL_RMS / max(float(np.sqrt(np.mean(np.square(heard)))), 1e-9)
        return self.encode(windows(self.mel(heard)))

    def mel(self, heard: FloatArray) -> FloatArray:
        """Mel power spectrogram (frames, 40) of 16 kHz sound, as librosa's defaults make it."""
        padded = np.pad(heard, _FFT // 2)
        frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP]
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FFT) / _FFT)
        power = np.square(np.abs(np.fft.rfft(frames * hann.astype(np.float32))))
        return np.asarray(power @ self._weights["mel_filters"].T, np.float32)

    def encode(self, mels: FloatArray) -> FloatArray:
        """Unit vectors (windows, 256) of mel windows (windows, frames, 40)."""
        outputs = mels.transpose(1, 0, 2)
        for layer in range(_LAYERS):
            outputs = self._lstm(outputs, f"l{layer}")
        raw = outputs[-1] @ self._weights["linear.weight"].T + self._weights["linear.bias"]
        return _unit(np.maximum(raw, 0))

    def _lstm(self, inputs: FloatArray, layer: str) -> FloatArray:
        """One layer over (frames, windows, features); gates in torch's order: i, f, g, o."""
        weights = self._weights
        bias = weights[f"lstm.bias_ih_{layer}"] + weights[f"lstm.bias_hh_{layer}"]
        driven = inputs @ weights[f"lstm.weight_ih_{layer}"].T + bias
        recurrent = np.ascontiguousarray(weights[f"lstm.weight_hh_{layer}"].T)
        hidden = cell = np.zeros((inputs.shape[1], _WIDTH), np.float32)
        outputs = np.empty((*inputs.shape[:2], _WIDTH), np.float32)
        for index, drive in enumerate(driven):
            gates = drive + hidden @ recurrent
            update = np.tanh(gates[:, 2 * _WIDTH : 3 * _WIDTH])
            # The logistic function by tanh, which does not overflow.
            gates = 0.5 + 0.5 * np.tanh(0.5 * gates)
            cell = gates[:, _WIDTH : 2 * _WIDTH] * cell + gates[:, :_WIDTH] * update
            hidden = outputs[index] = gates[:, 3 * _WIDTH :] * np.tanh(cell)
        return outputs


def windows(mel: FloatArray) -> FloatArray:
    """Overlapping windows (windows, 160, 40) of a spectrogram (frames, 40), padded to one."""
    mel = np.pad(mel, ((0, max(0, _WINDOW - len(mel))), (0, 0)))
    starts = range(0, len(mel) - _WINDOW + 1, _STEP)
    return np.stack([mel[start : start + _WINDOW] for start in starts])


def least_similarity(embeddings: FloatArray) -> float:
    """Cosine between the two most different groups of windows, at most 1.

    Spherical k-means with two groups (Dhillon and Modha 2001), begun with the two windows least
    alike: it finds a second person whether they speak last or in between.
    """
    if len(embeddings) < 2 * _MIN_WINDOWS:
        return 1.0
    alike = embeddings @ embeddings.T
    first, second = np.unravel_index(np.argmin(alike), alike.shape)
    centres = embeddings[[first, second]]
    for _ in range(_ROUNDS):
        nearest = np.argmax(embeddings @ centres.T, axis=1)
        if np.bincount(nearest, minlength=2).min() < _MIN_WINDOWS:
            return 1.0
        moved = _unit(np.stack([embeddings[nearest == group].mean(axis=0) for group in (0, 1)]))
        if np.array_equal(moved, centres):
            break
        centres = moved
    return float(centres[0] @ centres[1])


def _unit(vectors: FloatArray) -> FloatArray:
    length = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return np.asarray(vectors / length, np.float32)
