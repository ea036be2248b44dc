"""Integrated loudness by ITU-R BS.1770-4, of clips and of what is spoken.

The weighting is applied to the spectrum, with numpy alone: scipy's filters, which pyloudnorm uses,
take longer to import than a whole clip may.
"""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from engine.speech import FloatArray

ComplexArray = npt.NDArray[np.complex64]

#: Loudness is measured over blocks of this length; shorter audio has none.
BLOCK_S = 0.4
_HOP_S = 0.1
#: Sound is weighted in pieces of this length. The filters ring by less than 1e-9 after the other.
_PIECE_S, _RING_S = 0.4, 0.1
_ABSOLUTE_GATE_LUFS, _RELATIVE_GATE_LU = -70.0, 10.0
_OFFSET_LU = -0.691

#: BS.1770-4 tables 1 and 2: (b, a) of the two K-weighting filters at 48 kHz.
_K_RATE = 48_000
_K_WEIGHTING = (
    (
        (1.53512485958697, -2.69169618940638, 1.19839281085285),
        (1.0, -1.69065929318241, 0.73248077421585),
    ),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)


def loudness_lufs(samples: FloatArray, sample_rate: int) -> float:
    """Integrated loudness of mono `samples` in LUFS; -inf for less than 400 ms or silence."""
    block, hop = round(BLOCK_S * sample_rate), round(_HOP_S * sample_rate)
    if len(samples) < block:
        return -math.inf
    weighted = _weighted(samples, sample_rate)
    total = np.concatenate([[0.0], np.cumsum(np.square(weighted), dtype=np.float64)])
    starts = np.arange(0, len(samples) - block + 1, hop)
    power = (total[starts + block] - total[starts]) / block
    audible = power[power > _power(_ABSOLUTE_GATE_LUFS)]
    if not audible.size:
        return -math.inf
    gate = _lufs(float(audible.mean())) - _RELATIVE_GATE_LU
    return _lufs(float(audible[audible > _power(gate)].mean()))


def _weighted(samples: FloatArray, sample_rate: int) -> FloatArray:
    """K-weighted `samples`, piece by piece, each after the sound that the filters still ring of."""
    ring, piece = round(_RING_S * sample_rate), round(_PIECE_S * sample_rate)
    pieces = -(-len(samples) // piece)
    padded = np.zeros(ring + pieces * piece, np.float32)
    padded[ring : ring + len(samples)] = samples
    rows = sliding_window_view(padded, ring + piece)[::piece]
    spectrum = np.fft.rfft(rows) * _response(sample_rate, ring + piece)
    weighted = np.fft.irfft(spectrum, ring + piece).astype(np.float32, copy=False)
    return weighted[:, ring:].ravel()[: len(samples)]


@lru_cache(maxsize=8)  # uploads come at any rate
def _response(sample_rate: int, length: int) -> ComplexArray:
    """Of both K-weighting filters, at the frequencies of a spectrum of `length` samples."""
    frequencies = np.fft.rfftfreq(length, 1 / sample_rate)
    turn = np.exp(-2j * np.pi * frequencies / _K_RATE)
    response: npt.NDArray[np.complex128] = np.ones_like(turn)
    for b, a in _K_WEIGHTING:
        response *= np.polyval(b[::-1], turn) / np.polyval(a[::-1], turn)
    # In this precision the whole takes half as long, and is as exact as the samples are.
    return response.astype(np.complex64)


def _lufs(power: float) -> float:
    return _OFFSET_LU + 10 * math.log10(power)


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET_LU) / 10))
