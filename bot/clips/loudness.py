"""Integrated loudness by ITU-R BS.1770-4, in the child process.

`bot.speech.audio.loudness` measures rendered speech with pyloudnorm, whose imports take longer
than a whole clip may; here the same weighting is applied to the spectrum with numpy alone.
"""

import math

import numpy as np

from engine.speech import FloatArray

_BLOCK_S, _HOP_S = 0.4, 0.1
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
    block, hop = round(_BLOCK_S * sample_rate), round(_HOP_S * sample_rate)
    if len(samples) < block:
        return -math.inf
    size = len(samples) + sample_rate  # the filters ring for less than a second
    spectrum = np.fft.rfft(samples, size)
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(size, 1 / sample_rate) / _K_RATE)
    for b, a in _K_WEIGHTING:
        spectrum *= np.polyval(b[::-1], turn) / np.polyval(a[::-1], turn)
    weighted = np.fft.irfft(spectrum, size)[: len(samples)]
    total = np.concatenate([[0.0], np.cumsum(np.square(weighted))])
    starts = np.arange(0, len(samples) - block + 1, hop)
    power = (total[starts + block] - total[starts]) / block
    audible = power[power > _power(_ABSOLUTE_GATE_LUFS)]
    if not audible.size:
        return -math.inf
    gate = _lufs(float(audible.mean())) - _RELATIVE_GATE_LU
    return _lufs(float(audible[audible > _power(gate)].mean()))


def _lufs(power: float) -> float:
    return _OFFSET_LU + 10 * math.log10(power)


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET_LU) / 10))
