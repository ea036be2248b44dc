"""Perth's watermark of synthetic speech: whether a recording carries it, and putting it in anew.

Detector and encoder as `engine.chatterbox.s3gen.watermark` has them, in numpy: torch would take
longer to import than a whole recording may. The tests hold the two against each other.
"""

import io
import math
import zipfile

import numpy as np
import numpy.typing as npt

from bot.clips.verdict import SAMPLE_RATE
from engine.perth import network
from engine.speech import FloatArray

#: Perth takes 2048 points every 320 samples at 32 kHz; at 24 kHz these are the same bins and times.
_PERTH_N_FFT, _N_FFT, _HOP = 2048, SAMPLE_RATE * 2048 // 32_000, SAMPLE_RATE * 320 // 32_000
_LEAST_MAGNITUDE = 1e-9
_FLOOR_DB = 20 * math.log10(_LEAST_MAGNITUDE)
_RANGE_DB = 15 - _FLOOR_DB
_AUDIBLE_SHARE = 0.05
_SLOPE = 0.01  # torch's leaky_relu
#: torch stored the archive's tensors in the order of the network: weight and bias of the encoder's
#: seven layers, then of the detector's three branches, each for another speed of the sound.
_SPEEDS, _LAYERS, _FIRST = (1.25, 1.0, 0.75), 7, 14
_BINS, _WIDTH, _TAPS = 128, 256, 7
_HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_N_FFT) / _N_FFT)).astype(np.float32)

_Layers = list[tuple[FloatArray, FloatArray]]
Spectrum = npt.NDArray[np.complex128]


class WatermarkHearing:
    """The detector, loaded. Raises `WatermarkMissing` where its network is not the one we know."""

    def __init__(self) -> None:
        with zipfile.ZipFile(io.BytesIO(network())) as archive:
            self._branches = [
                _layers(archive, first, outputs=2)
                for first in range(_FIRST, _FIRST + 2 * _LAYERS * len(_SPEEDS), 2 * _LAYERS)
            ]

    def certainty(self, samples: FloatArray) -> float:
        """How sure it is, from 0 to 1, that `samples` ((samples,) at `SAMPLE_RATE`) are marked."""
        level, audible = _levels(_transformed(samples))
        found = []
        for speed, layers in zip(_SPEEDS, self._branches, strict=True):
            size = int(len(level) * speed)
            places = np.linspace(0, len(level) - 1, size)
            below = np.floor(places).astype(int)
            above = np.minimum(below + 1, len(level) - 1)
            part = (places - below).astype(np.float32)[:, None]
            stretched = level[below] * (1 - part) + level[above] * part
            nearest = (np.arange(size) * (len(level) / size)).astype(int)
            mask = audible[nearest]
            found.append((_convolved(stretched, layers) * mask).sum(1) / mask.sum())
        attention, mark = np.stack(found, 1)
        weight = np.exp(attention - attention.max())
        return float(np.clip(mark @ weight / weight.sum(), 0, 1))


class WatermarkMarking:
    """The encoder, loaded. Raises `WatermarkMissing` where its network is not the one we know."""

    def __init__(self) -> None:
        with zipfile.ZipFile(io.BytesIO(network())) as archive:
            self._layers = _layers(archive, 0, outputs=_BINS)

    def change(self, samples: FloatArray) -> FloatArray:
        """What is to be added to `samples` ((samples,) at `SAMPLE_RATE`) to mark them."""
        spectrum = _transformed(samples)
        level, audible = _levels(spectrum)
        decibels = _convolved(level, self._layers).T * audible[:, None] * _RANGE_DB
        spectrum[:, :_BINS] *= 10 ** (decibels / 20) - 1
        spectrum[:, _BINS:] = 0
        return _inverted(spectrum, len(samples))


def _layers(archive: zipfile.ZipFile, first: int, *, outputs: int) -> _Layers:
    """Weights (outputs, inputs, taps) and biases of a network whose tensors begin at `first`."""

    def tensor(number: int, *shape: int) -> FloatArray:
        return np.frombuffer(archive.read(f"archive/data/{number}"), "<f4").reshape(shape)

    shapes = [(_WIDTH, _BINS, 1), *[(_WIDTH, _WIDTH, _TAPS)] * (_LAYERS - 2), (outputs, _WIDTH, 1)]
    return [
        (tensor(first + 2 * layer, *shape), tensor(first + 2 * layer + 1, shape[0]))
        for layer, shape in enumerate(shapes)
    ]


def _transformed(samples: FloatArray) -> Spectrum:
    """The spectrum (frames, bins) around every `_HOP`th sample."""
    padded = np.pad(samples, _N_FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::_HOP]
    return np.fft.rfft(frames * _HANN)


def _inverted(spectrum: Spectrum, length: int) -> FloatArray:
    """(length,) samples of a spectrum of theirs: least squares over its overlapping frames."""
    frames = np.fft.irfft(spectrum, _N_FFT) * _HANN
    padded, weight = np.zeros((2, length + _N_FFT))
    for index, frame in enumerate(frames):
        padded[index * _HOP : index * _HOP + _N_FFT] += frame
        weight[index * _HOP : index * _HOP + _N_FFT] += _HANN**2
    inside = slice(_N_FFT // 2, _N_FFT // 2 + length)
    return (padded[inside] / np.maximum(weight[inside], 1e-6)).astype(np.float32)


def _levels(spectrum: Spectrum) -> tuple[FloatArray, FloatArray]:
    """Perth's input (frames, 128), and which frames are loud enough, as 0 or 1."""
    magnitude = np.abs(spectrum) * (_PERTH_N_FFT / _N_FFT)
    level = (20 * np.log10(np.maximum(magnitude, _LEAST_MAGNITUDE)) - _FLOOR_DB) / _RANGE_DB
    sums = level.sum(1)
    audible = sums > sums.max() * _AUDIBLE_SHARE
    return level[:, :_BINS].astype(np.float32), audible.astype(np.float32)


def _convolved(frames: FloatArray, layers: _Layers) -> FloatArray:
    """(outputs, frames) of (frames, inputs)."""
    hidden = frames.T
    for index, (weight, bias) in enumerate(layers):
        if index > 0:
            hidden = np.where(hidden > 0, hidden, _SLOPE * hidden)
        taps = weight.shape[2]
        padded = np.pad(hidden, ((0, 0), (taps // 2, taps // 2)))
        width = hidden.shape[1]
        hidden = bias[:, None] + sum(
            np.ascontiguousarray(weight[:, :, tap]) @ padded[:, tap : tap + width]
            for tap in range(taps)
        )
    return np.asarray(hidden, np.float32)
