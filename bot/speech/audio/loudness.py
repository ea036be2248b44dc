"""Bring speech to one loudness, so that no member is louder than another.

Gain only, no limiter: a limiter would change the voice.
"""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bot.clips.loudness import BLOCK_S
from bot.clips.loudness import loudness_lufs as mono_loudness_lufs
from engine.speech import FloatArray

#: BS.1770-4 annex 2: the filter of four times oversampling, by phase; the other two are these
#: reversed. It bounds the error of a true peak to 0.7 dB at worst.
_PHASES = np.array(
    (
        "0.0017089843750 0.0109863281250 -0.0196533203125 0.0332031250000 -0.0594482421875 "
        "0.1373291015625 0.9721679687500 -0.1022949218750 0.0476074218750 -0.0266113281250 "
        "0.0148925781250 -0.0083007812500".split(),
        "-0.0291748046875 0.0292968750000 -0.0517578125000 0.0891113281250 -0.1665039062500 "
        "0.4650878906250 0.7797851562500 -0.2003173828125 0.1015625000000 -0.0582275390625 "
        "0.0330810546875 -0.0189208984375".split(),
    ),
    np.float32,
)
_TAPS = _PHASES.shape[1]
#: How much larger than its samples an output of that filter can be.
_GAIN_MAX = float(np.abs(_PHASES).sum(axis=1).max())
#: Outputs that are looked at together.
_BLOCK = 256
#: The power of two equal channels is twice that of one.
_SECOND_CHANNEL_LU = 10 * math.log10(2)


def true_peak_dbtp(pcm: FloatArray) -> float:
    """True peak of mono `pcm` (float, full scale 1.0) in dBTP, by ITU-R BS.1770-4 annex 2.

    -inf for silence. Only where the samples are loud enough to hold the peak are they oversampled.
    """
    blocks = -(-(len(pcm) + _TAPS - 1) // _BLOCK)
    padded = np.zeros(blocks * _BLOCK + _TAPS - 1, np.float32)
    padded[_TAPS - 1 : _TAPS - 1 + len(pcm)] = pcm
    # A row has all samples that the outputs of one block are made of.
    rows = sliding_window_view(padded, _BLOCK + _TAPS - 1)[::_BLOCK]
    loudest = np.abs(rows).max(axis=1, initial=0.0)
    if not loudest.max(initial=0.0) > 0:
        return -math.inf
    peak = _oversampled_peak(rows[[loudest.argmax()]])
    may_pass = loudest * _GAIN_MAX > peak
    return 20 * math.log10(max(peak, _oversampled_peak(rows[may_pass])))


def _oversampled_peak(rows: FloatArray) -> float:
    """The largest output of the oversampling filter, of samples of shape (rows, samples)."""
    outputs = rows.shape[1] - _TAPS + 1
    peak = 0.0
    for phase in (*_PHASES, *_PHASES[:, ::-1]):
        filtered = sum(tap * rows[:, at : at + outputs] for at, tap in enumerate(phase))
        peak = max(peak, float(np.abs(filtered).max(initial=0.0)))
    return peak


def loudness_lufs(pcm: FloatArray, sample_rate: int) -> float:
    """Integrated loudness of mono `pcm` in LUFS, by ITU-R BS.1770-4. -inf for silence.

    It is measured as it will be heard, from both stereo channels. Audio shorter than one 400 ms
    block is repeated until it fills two.
    """
    shortest = round(BLOCK_S * sample_rate) * 2
    if 0 < len(pcm) < shortest:
        pcm = np.tile(pcm, -(-shortest // len(pcm)))
    return mono_loudness_lufs(pcm, sample_rate) + _SECOND_CHANNEL_LU


def normalise(
    pcm: FloatArray, sample_rate: int, *, target_lufs: float, max_dbtp: float
) -> FloatArray:
    """`pcm` at `target_lufs`, or quieter where its true peak would pass `max_dbtp`.

    Takes and gives mono float32 of shape (samples,). Silence stays as it is.
    """
    loudness = loudness_lufs(pcm, sample_rate)
    peak = true_peak_dbtp(pcm)
    if not (math.isfinite(loudness) and math.isfinite(peak)):
        return pcm
    gain_db = min(target_lufs - loudness, max_dbtp - peak)
    return (pcm * np.float32(10 ** (gain_db / 20))).astype(np.float32)
