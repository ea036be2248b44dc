"""Whether one person speaks throughout, as far as a network can tell.

The voice encoder of Resemblyzer (see NOTICE), a three-layer LSTM, in numpy: it takes 0.1 s for ten
seconds of speech, and torch would take longer to import. Never keeps an embedding: they are
biometric data. Of a judged clip one direction leaves the process, to be compared with disabled
ones.
"""

import math
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from bot.clips.resampling import resample
from bot.clips.verdict import SAMPLE_RATE
from engine.speech import FloatArray

_RATE = 16_000
_FFT, _HOP = 400, 160  # 25 ms every 10 ms
_LAYERS, _WIDTH = 3, 256
_WINDOW = 160  # frames: 1.6 s, as the encoder was trained
_STEP = 40
_LEVEL_RMS = 10 ** (-30 / 20)  # the level that the encoder was trained at
#: Somebody who is heard in fewer windows (1.6 s, and 0.4 s more for each) is chance: a quarter of
#: all, but no fewer and no more than these. Short clips have no room for more.
_FEWEST, _MOST = 3, 5
#: Of a group, the share of windows that are surest of it. The others may hold two voices.
_SURE = 0.8
_ROUNDS = 20


class SpeakerEncoder:
    """Turns windows of speech into directions in a space where equal voices lie close."""

    def __init__(self) -> None:
        stored = load_file(Path(__file__).with_name("speaker.safetensors"))
        self._weights = {name: array.astype(np.float32) for name, array in stored.items()}

    def embed(self, voiced: FloatArray) -> FloatArray:
        """Unit vectors (windows, 256) of `voiced`, (samples,) at `SAMPLE_RATE` without pauses.

        Every window is brought to one level: whoever leans back is still the same person.
        """
        sound = resample(voiced, SAMPLE_RATE, _RATE)
        sound *= _LEVEL_RMS / max(float(np.sqrt(np.mean(np.square(sound)))), 1e-9)
        mels = windows(self.mel(sound))
        power = mels.mean(axis=(1, 2), keepdims=True)
        level: FloatArray = np.asarray(power.mean() / np.maximum(power, 1e-12), np.float32)
        return self.encode(mels * level)

    def mel(self, sound: FloatArray) -> FloatArray:
        """Mel power spectrogram (frames, 40) of 16 kHz sound, as librosa's defaults make it."""
        padded = np.pad(sound, _FFT // 2)
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


def mean_direction(embeddings: FloatArray) -> FloatArray:
    """What a clip sounds like as a whole: a unit vector (256,) of windows (windows, 256)."""
    return _unit(embeddings.mean(axis=0))


def least_similarity(embeddings: FloatArray) -> float:
    """Cosine between the two most different groups of windows, at most 1.

    Spherical k-means with two groups (Dhillon and Modha 2001), begun with the two windows least
    alike: it finds a second person whether they speak last or in between. Windows into which both
    speak lie between the groups, so each is judged by those that are surest to be of it.
    `docs/benchmarks/one_speaker.md` has what that finds.
    """
    least = min(max(_FEWEST, len(embeddings) // 4), _MOST)
    if len(embeddings) < 2 * least:
        return 1.0
    alike = embeddings @ embeddings.T
    first, second = np.unravel_index(np.argmin(alike), alike.shape)
    centres = embeddings[[first, second]]
    for _ in range(_ROUNDS):
        nearest = np.argmax(embeddings @ centres.T, axis=1)
        if np.min(np.bincount(nearest, minlength=2)) < least:
            return 1.0
        moved = _unit(np.stack([embeddings[nearest == group].mean(axis=0) for group in (0, 1)]))
        if np.array_equal(moved, centres):
            break
        centres = moved
    sure = _unit(np.stack([_surest(embeddings, centres, group, least) for group in (0, 1)]))
    return float(sure[0] @ sure[1])


def _surest(embeddings: FloatArray, centres: FloatArray, group: int, least: int) -> FloatArray:
    """The mean of the windows of a group that are nearer to it than to the other by the most."""
    nearness = embeddings @ (centres[group] - centres[1 - group])
    belonging = np.sort(nearness[nearness >= 0])[::-1]
    count = max(least, math.ceil(_SURE * len(belonging)))
    return np.asarray(embeddings[np.argsort(-nearness)[:count]].mean(axis=0), np.float32)


def _unit(vectors: FloatArray) -> FloatArray:
    length = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return np.asarray(vectors / length, np.float32)
