"""Marks speech anew whose watermark another pitch has moved away. For a thread.

Perth's mark lies in levels of single frequencies: a semitone is enough that it is not found.
"""

from functools import cache
from threading import Lock

from bot.clips.resampling import resample
from bot.clips.verdict import SAMPLE_RATE
from bot.clips.watermark import WatermarkMarking
from engine.speech import FloatArray

_loading = Lock()


def marked(pcm: FloatArray, sample_rate: int) -> FloatArray:
    """`pcm`, mono float32 of shape (samples,), with Perth's mark in.

    Raises `WatermarkMissing` where Perth's network is not the one we know.
    """
    with _loading:
        marking = _marking()
    change = resample(
        marking.change(resample(pcm, sample_rate, SAMPLE_RATE)), SAMPLE_RATE, sample_rate
    )
    out = pcm.copy()
    length = min(len(pcm), len(change))
    out[:length] += change[:length]
    return out


@cache
def _marking() -> WatermarkMarking:
    return WatermarkMarking()
