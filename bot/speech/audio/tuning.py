"""Speech made faster or slower, higher or lower, by ffmpeg's filters. Meant for a thread.

The one way to do either: for members and for a backlog over whole renderings, over HTTP in a file
that grows.
"""

from collections.abc import Iterator
from itertools import pairwise

import av
import av.error
import numpy as np
from av.filter.context import FilterContext
from msgspec import Struct

from engine.speech import FloatArray

#: ffmpeg's `atempo` blends samples up to 2 and leaves some out beyond: several in a row do not.
_TEMPO_MIN, _TEMPO_MAX = 0.5, 2.0
#: What members may choose, both at once too. Of what it understands as a voice speaks, a recogniser
#: misses one word in forty at these ends (tests/bot/speech/audio/test_tuning.py), and soon more.
SPEED_MIN, SPEED_MAX = 0.5, 1.75
PITCH_MIN, PITCH_MAX = -4, 6


class Tuning(Struct, frozen=True):
    """How speech is changed after it was made.

    At a `speed` of 2.0 it takes half the time, and stays as high as it was. `pitch_semitones` of 12
    is an octave up, and takes no more or less time.
    """

    speed: float = 1.0
    pitch_semitones: int = 0


#: As it was made.
UNTUNED = Tuning()


def tuned(pcm: FloatArray, sample_rate: int, tuning: Tuning) -> FloatArray:
    """`pcm`, mono float32 of shape (samples,), by `tuning`; at least one sample of at least one."""
    if tuning == UNTUNED or not len(pcm):
        return pcm
    graph = av.filter.Graph()
    nodes = [
        graph.add_abuffer(sample_rate=sample_rate, format="flt", layout="mono"),
        *tuning_filters(graph, sample_rate, tuning),
        graph.add("abuffersink"),
    ]
    link(graph, nodes)
    graph.push(frame_of(pcm, sample_rate))
    graph.push(None)
    parts = [np.zeros(0, np.float32), *(part.to_ndarray().reshape(-1) for part in frames_of(graph))]
    return np.concatenate(parts)


def tuning_filters(graph: av.filter.Graph, sample_rate: int, tuning: Tuning) -> list[FilterContext]:
    """Filters that take and give `sample_rate`, to be linked in this order; none for `UNTUNED`.

    Higher is played faster, and then slowed down again: a smaller head's voice, words as they were.
    """
    pitch = 2 ** (tuning.pitch_semitones / 12)
    filters = []
    if tuning.pitch_semitones:
        filters.append(graph.add("asetrate", str(round(sample_rate * pitch))))
        filters.append(graph.add("aresample", str(sample_rate)))
    tempos = _tempos(tuning.speed / pitch)
    return filters + [graph.add("atempo", f"{factor:.6f}") for factor in tempos]


def link(graph: av.filter.Graph, nodes: list[FilterContext]) -> None:
    """Have each of `nodes` give to the next, and the graph be ready."""
    for one, following in pairwise(nodes):
        one.link_to(following)
    graph.configure()


def frame_of(pcm: FloatArray, sample_rate: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(pcm, dtype=np.float32)[None, :], format="flt", layout="mono"
    )
    frame.sample_rate = sample_rate
    return frame


def frames_of(graph: av.filter.Graph) -> Iterator[av.AudioFrame]:
    """What a graph gives of what was pushed into it so far."""
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        assert isinstance(frame, av.AudioFrame)
        yield frame


def _tempos(speed: float) -> list[float]:
    """Factors within what `atempo` does well, whose product is `speed`."""
    factors = []
    while not _TEMPO_MIN <= speed <= _TEMPO_MAX:
        factors.append(_TEMPO_MAX if speed > 1 else _TEMPO_MIN)
        speed /= factors[-1]
    return factors if speed == 1 else [*factors, speed]
