"""Bring speech to one loudness, so that no member is louder than another.

Gain only, no limiter: a limiter would change the voice.
"""

import math

import numpy as np

from engine.speech import FloatArray

#: ITU-R BS.1770-4 measures loudness over blocks of 400 ms; shorter audio has none.
_BLOCK_S = 0.4
#: BS.1770-4 annex 2: four times oversampling bounds the error of a true peak to 0.7 dB at worst.
_OVERSAMPLING = 4


def true_peak_dbtp(pcm: FloatArray) -> float:
    """True peak of mono `pcm` (float, full scale 1.0) in dBTP, by ITU-R BS.1770-4 annex 2.

    -inf for silence.
    """
    from scipy.signal import resample_poly  # noqa: PLC0415 - slow to import, needed in a thread only

    peak = float(np.max(np.abs(resample_poly(pcm, _OVERSAMPLING, 1)), initial=0.0))
    return 20 * math.log10(peak) if peak > 0 else -math.inf


def loudness_lufs(pcm: FloatArray, sample_rate: int) -> float:
    """Integrated loudness of mono `pcm` in LUFS, by ITU-R BS.1770-4. -inf for silence.

    It is measured as it will be heard, from both stereo channels. Audio shorter than one 400 ms
    block is repeated until it fills two.
    """
    import pyloudnorm  # noqa: PLC0415 - imports scipy.signal, see above

    shortest = int(_BLOCK_S * sample_rate) * 2
    if 0 < len(pcm) < shortest:
        pcm = np.tile(pcm, -(-shortest // len(pcm)))
    if len(pcm) == 0 or not np.any(pcm):
        return -math.inf
    with np.errstate(divide="ignore"):
        stereo = np.stack([pcm, pcm], axis=1)
        return float(pyloudnorm.Meter(sample_rate).integrated_loudness(stereo))


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
