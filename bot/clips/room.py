"""Whether the noise of one room lies behind all of a recording, as far as levels tell.

Runs in the child process only. Speech never fills all frequencies for long, so the least power that
a band has within a stretch is that of the noise behind it (minimum statistics, Martin 2001).
"""

import numpy as np

from engine.speech import FloatArray

#: In frames of 10 ms.
_STRETCH, _STEP, _SMOOTH = 150, 50, 5
_QUIETEST = 0.05
#: Noise so far below the speech counts as this loud: codecs and gates leave less of it here and
#: there.
_LEAST_DB = -45.0


def floor_spread_db(mel: FloatArray) -> float:
    """Between the noise of the loudest and of the quietest stretch, in dB, over all bands.

    `mel` is a power spectrogram (frames, bands) from the first word to the last.
    """
    power = np.cumsum(np.pad(mel, ((1, 0), (0, 0))), axis=0, dtype=np.float64)
    power = (power[_SMOOTH:] - power[:-_SMOOTH]) / _SMOOTH
    loudest = np.quantile(power, 0.95, axis=0)
    level = 10 * np.log10(np.maximum(power / np.maximum(loudest, 1e-20), 10 ** (_LEAST_DB / 10)))
    starts = range(0, max(1, len(level) - _STRETCH + 1), _STEP)
    floors = np.stack(
        [np.quantile(level[start : start + _STRETCH], _QUIETEST, axis=0) for start in starts]
    )
    return float(np.mean(floors.max(axis=0) - floors.min(axis=0)))
