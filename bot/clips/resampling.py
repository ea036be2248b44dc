"""From one sample rate to another, by the resampler that comes with PyAV.

Its usual filter lets sound near half the sample rate fold back at -45 dB; the one here, at -100 dB.
"""

from collections.abc import Iterator
from fractions import Fraction

import av
import av.error
import numpy as np

from engine.speech import FloatArray

#: Taps, phases (as a power of two) and cutoff (of the lower rate's half) of libswresample's filter.
_FILTER = "filter_size=64:phase_shift=10:cutoff=0.96"


class Resampler:
    """Takes mono float32 blocks at `rate` and gives blocks at `to`, without a seam."""

    def __init__(self, rate: int, to: int) -> None:
        self._rate = rate
        self._pushed = 0
        self._graph = av.filter.Graph()
        source = self._graph.add_abuffer(
            sample_rate=rate, format="flt", layout="mono", time_base=Fraction(1, rate)
        )
        resample = self._graph.add("aresample", f"{to}:{_FILTER}")
        sink = self._graph.add("abuffersink")
        source.link_to(resample)
        resample.link_to(sink)
        self._graph.configure()
        self._source, self._sink = source, sink

    def push(self, block: FloatArray) -> Iterator[FloatArray]:
        """What comes out once `block` (samples,) has gone in."""
        if not len(block):
            return
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(block[None], np.float32), format="flt", layout="mono"
        )
        frame.sample_rate = self._rate
        frame.time_base = Fraction(1, self._rate)
        frame.pts = self._pushed
        self._pushed += len(block)
        self._source.push(frame)
        yield from self._pull()

    def flush(self) -> Iterator[FloatArray]:
        """What is still inside. Nothing can be taken afterwards."""
        self._source.push(None)
        yield from self._pull()

    def _pull(self) -> Iterator[FloatArray]:
        while True:
            try:
                frame = self._sink.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            assert isinstance(frame, av.AudioFrame)
            yield np.asarray(frame.to_ndarray()[0], np.float32)


def resample(samples: FloatArray, rate: int, to: int) -> FloatArray:
    """All of `samples` (samples,) at another rate."""
    resampler = Resampler(rate, to)
    none = np.zeros(0, np.float32)
    return np.concatenate([none, *resampler.push(samples), *resampler.flush()])
