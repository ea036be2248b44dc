"""What enrolment's networks ask librosa for, without librosa, whose imports take seconds.

The same numbers, to the last bit or nearly: numba, scikit-learn and scipy's signal processing,
which librosa imports for it, take no part in them. Tested against librosa itself.
"""

import numpy as np
import soxr
from numpy.typing import NDArray

Signal = NDArray[np.float32]

#: The Slaney mel scale: linear below 1 kHz, logarithmic above.
_HZ_PER_MEL, _LOG_FROM_HZ = 200 / 3, 1000.0
_LOG_FROM_MEL = _LOG_FROM_HZ / _HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27
_TRIM_FRAME, _TRIM_HOP = 2048, 512
_LEAST_AMPLITUDE = 1e-5


def resample(samples: Signal, *, orig_sr: float, target_sr: float) -> Signal:
    """(n,) samples as ceil(n * target_sr / orig_sr) at another rate, as `librosa.resample`."""
    if orig_sr == target_sr:
        return samples
    wanted = int(np.ceil(len(samples) * (float(target_sr) / orig_sr)))
    resampled = soxr.resample(samples, orig_sr, target_sr, quality="HQ")[:wanted]
    padded: Signal = np.pad(resampled, (0, wanted - len(resampled)))
    return padded


def mel_filters(
    *, sr: float, n_fft: int, n_mels: int, fmin: float = 0.0, fmax: float | None = None
) -> Signal:
    """(n_mels, n_fft // 2 + 1) triangles of equal area, as `librosa.filters.mel`."""
    edges = np.linspace(_to_mel(fmin), _to_mel(sr / 2 if fmax is None else fmax), n_mels + 2)
    hertz = _to_hz(edges)
    ramps = np.subtract.outer(hertz, np.fft.rfftfreq(n_fft, 1 / sr))
    widths = np.diff(hertz)[:, None]
    rising, falling = -ramps[:-2] / widths[:-1], ramps[2:] / widths[1:]
    filters: Signal = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    filters *= (2 / (hertz[2:] - hertz[:-2]))[:, None]
    return filters


def trim(samples: Signal, *, top_db: float) -> tuple[Signal, NDArray[np.int64]]:
    """(n,) samples between the first frame within `top_db` of the loudest and the last, and where.

    As `librosa.effects.trim`.
    """
    padded = np.pad(samples, _TRIM_FRAME // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _TRIM_FRAME)[::_TRIM_HOP]
    level = np.sqrt(np.square(frames).mean(axis=1))
    decibels = 20 * np.log10(np.maximum(level, _LEAST_AMPLITUDE))
    loud = np.flatnonzero(decibels - decibels.max() > -top_db)
    start, end = int(loud[0]) * _TRIM_HOP, min((int(loud[-1]) + 1) * _TRIM_HOP, len(samples))
    return samples[start:end], np.asarray([start, end])


def stft(
    samples: Signal, *, n_fft: int, hop_length: int, win_length: int, center: bool, pad_mode: str
) -> NDArray[np.complex64]:
    """(n_fft // 2 + 1, frames) of (n,) samples, as `librosa.stft` with its usual window.

    Raises `ValueError` for what is not asked of it: other windows, and uncentred frames.
    """
    if win_length != n_fft or not center or pad_mode != "reflect":
        raise ValueError("this transform is centred, reflected, and its window is whole")
    padded = np.pad(samples, n_fft // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_length]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    return np.fft.rfft(frames * window, axis=1).astype(np.complex64).T


def _to_mel(hertz: float) -> float:
    if hertz < _LOG_FROM_HZ:
        return hertz / _HZ_PER_MEL
    return float(_LOG_FROM_MEL + np.log(hertz / _LOG_FROM_HZ) / _LOG_STEP)


def _to_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    logarithmic = _LOG_FROM_HZ * np.exp(_LOG_STEP * (mels - _LOG_FROM_MEL))
    hertz: NDArray[np.float64] = np.where(mels < _LOG_FROM_MEL, _HZ_PER_MEL * mels, logarithmic)
    return hertz
