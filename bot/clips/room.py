"""Whether the noise of one room lies behind all of a recording, as far as levels tell.

Runs in the child process only.
"""

import numpy as np

from bot.clips.verdict import SAMPLE_RATE
from engine.speech import FloatArray

_FRAME = SAMPLE_RATE // 50
#: Every stretch of so many frames has a moment in which nobody makes a sound: between two words, or
#: in the closure of a consonant.
_STRETCH, _STEP = 50, 25
_QUIETEST = 0.08
#: Noise so far below the speech is counted as this loud: codecs and gates leave less of it here and
#: there.
_LEAST_DB = -50.0


def floor_spread_db(said: FloatArray) -> float:
    """Between the loudest and the quietest stretch's noise floor, in dB.

    `said` is (samples,) at `SAMPLE_RATE`, from the first word to the last.
    """
    frames = said[: len(said) // _FRAME * _FRAME].reshape(-1, _FRAME)
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    level = 10 * np.log10(np.maximum(power / max(float(power.mean()), 1e-20), 1e-20))
    level = np.maximum(level, _LEAST_DB)
    starts = range(0, max(1, len(level) - _STRETCH + 1), _STEP)
    floors = [np.quantile(level[start : start + _STRETCH], _QUIETEST) for start in starts]
    return float(max(floors) - min(floors))
