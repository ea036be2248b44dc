"""Integrated loudness by ITU-R BS.1770-4, of clips and of what is spoken.

The weighting is applied to the spectrum, with numpy alone: scipy's filters, which pyloudnorm uses,
take longer to import than a whole clip may.
"""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from engine.speech import FloatArray

ComplexArray = npt.NDArray[np.complex128]

#: Loudness is measured over blocks of this length; shorter audio has none.
BLOCK_S = 0.4
_HOP_S = 0.1
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
    """K-weighted `samples`, a second at a time (overlap-add): the filters ring for less."""
    seconds = -(-len(samples) // sample_rate)
    blocks = np.zeros((seconds, sample_rate), np.float32)
    blocks.flat[: len(samples)] = samples
    spectrum = np.fft.rfft(blocks, 2 * sample_rate) * _response(sample_rate)
    filtered = np.fft.irfft(spectrum, 2 * sample_rate)
    weighted = np.zeros((seconds + 1, sample_rate), np.float32)
    weighted[:-1] = filtered[:, :sample_rate]
    weighted[1:] += filtered[:, sample_rate:]
    return weighted.ravel()[: len(samples)]


@lru_cache(maxsize=8)  # uploads come at any rate
def _response(sample_rate: int) -> ComplexArray:
    """Of both K-weighting filters, at the frequencies of two seconds' spectrum."""
    frequencies = np.fft.rfftfreq(2 * sample_rate, 1 / sample_rate)
    turn = np.exp(-2j * np.pi * frequencies / _K_RATE)
    response: ComplexArray = np.ones_like(turn)
    for b, a in _K_WEIGHTING:
        response *= np.polyval(b[::-1], turn) / np.polyval(a[::-1], turn)
    return response


def _lufs(power: float) -> float:
    return _OFFSET_LU + 10 * math.log10(power)


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET_LU) / 10))
