"""What Discord wants of a voice message besides its sound. For a thread.

https://discord.com/developers/docs/resources/message#voice-messages
"""

import base64

import numpy as np

from engine.speech import FloatArray

#: Discord draws so many points at most, and takes none of less than 100 ms.
_POINTS_MAX, _POINT_S = 256, 0.1


def waveform(pcm: FloatArray, sample_rate: int) -> str:
    """How loud mono `pcm` of shape (samples,) is over time: a byte a point, in base64."""
    points = int(np.clip(len(pcm) / sample_rate / _POINT_S, 1, _POINTS_MAX))
    levels = [
        np.sqrt(np.mean(part**2)) if len(part) else 0.0 for part in np.array_split(pcm, points)
    ]
    loudest = max(levels) or 1.0
    return base64.b64encode(bytes(round(255 * level / loudest) for level in levels)).decode()
