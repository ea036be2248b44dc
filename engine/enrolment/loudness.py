"""Loudness as Turbo's authors measure it: pyloudnorm's figure, without its imports.

pyloudnorm weights by recursion, for which it imports scipy's signal processing, most of a second.
The same filters are applied to the spectrum here. Its weighting is near the standard's, and not the
standard's: `bot.clips.loudness` has that.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.speech import FloatArray

_Numbers = NDArray[np.floating[Any]]
_Response = NDArray[np.complexfloating[Any, Any]]

_BLOCK_S, _HOP_S = 0.4, 0.1
_RING_S = 1.0  # after which nothing of the filters is left
_ABSOLUTE_GATE_LUFS, _RELATIVE_GATE_LU = -70.0, 10.0
_OFFSET_LU = -0.691
#: Gain in dB, Q and frequency of pyloudnorm's two filters: a high shelf and a high pass.
_SHELF = (4.0, 1 / np.sqrt(2), 1500.0)
_PASS = (0.0, 0.5, 38.0)


def loudness_lufs(samples: FloatArray, sample_rate: int) -> float:
    """Integrated loudness of mono samples, at least 400 ms, in LUFS; -inf for silence."""
    length = len(samples) + int(_RING_S * sample_rate)
    frequencies = 2 * np.pi * np.fft.rfftfreq(length)
    spectrum = np.fft.rfft(samples, length) * _high_shelf(frequencies, sample_rate)
    spectrum *= _high_pass(frequencies, sample_rate)
    weighted = np.fft.irfft(spectrum, length)[: len(samples)]
    total = np.concatenate([[0.0], np.cumsum(np.square(weighted))])
    blocks = int(np.round((len(samples) / sample_rate - _BLOCK_S) / _HOP_S) + 1)
    places = np.arange(blocks)
    first = (_BLOCK_S * (places * 0.25) * sample_rate).astype(int)
    last = (_BLOCK_S * (places * 0.25 + 1) * sample_rate).astype(int)
    power = (total[np.minimum(last, len(samples))] - total[first]) / (_BLOCK_S * sample_rate)
    with np.errstate(divide="ignore"):
        levels = _OFFSET_LU + 10 * np.log10(power)
        audible = levels >= _ABSOLUTE_GATE_LUFS
        if not audible.any():
            return -np.inf
        gate = _OFFSET_LU + 10 * np.log10(power[audible].mean()) - _RELATIVE_GATE_LU
        heard = power[audible & (levels > gate)]
        return float(_OFFSET_LU + 10 * np.log10(heard.mean()))


def _high_shelf(frequencies: _Numbers, sample_rate: int) -> _Response:
    """The Audio EQ Cookbook's, at frequencies in radians a sample."""
    gain_db, q, hertz = _SHELF
    gain, turn = 10 ** (gain_db / 40), 2 * np.pi * hertz / sample_rate
    cosine, alpha = np.cos(turn), np.sin(turn) / (2 * q)
    above, below, slope = gain + 1, gain - 1, 2 * np.sqrt(gain) * alpha
    over = (
        gain * (above + below * cosine + slope),
        -2 * gain * (below + above * cosine),
        gain * (above + below * cosine - slope),
    )
    under = (
        above - below * cosine + slope,
        2 * (below - above * cosine),
        above - below * cosine - slope,
    )
    return _ratio(over, under, frequencies)


def _high_pass(frequencies: _Numbers, sample_rate: int) -> _Response:
    _, q, hertz = _PASS
    turn = 2 * np.pi * hertz / sample_rate
    cosine, alpha = np.cos(turn), np.sin(turn) / (2 * q)
    edge = (1 + cosine) / 2
    return _ratio((edge, -2 * edge, edge), (1 + alpha, -2 * cosine, 1 - alpha), frequencies)


def _ratio(
    over: tuple[float, float, float], under: tuple[float, float, float], frequencies: _Numbers
) -> _Response:
    back: _Response = np.exp(-1j * frequencies)
    first, second, third = over
    over_there = first + (second + third * back) * back
    first, second, third = under
    ratio: _Response = over_there / (first + (second + third * back) * back)
    return ratio
