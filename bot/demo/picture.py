"""`heard.png`: the waveform of what the voice channel heard, with the words on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

_COLUMNS = 2400
_INK, _CACHED, _SOUND = "#1c2b3a", "#2a9d8f", "#3d6fb4"


@dataclass(frozen=True, slots=True)
class Caption:
    """Words and when they were heard, in seconds from the start of the recording."""

    text: str
    start_s: float
    end_s: float
    note: str
    cached: bool


def draw(
    pcm: npt.NDArray[np.int16], sample_rate: int, captions: Sequence[Caption], title: str, out: Path
) -> None:
    """Draw `pcm` of shape (samples, channels) with `captions` and write a PNG to `out`.

    Inside an utterance each word stands where its share of the letters puts it: an estimate.
    """
    seconds = len(pcm) / sample_rate
    width = max(12.0, min(40.0, seconds * 1.6))
    figure = Figure(figsize=(width, 4.2), layout="constrained")  # no pyplot: it wants a screen
    axes = figure.subplots()
    mono = pcm.astype(np.float32).mean(axis=1) / 32768
    columns = np.array_split(mono, min(_COLUMNS, max(1, len(mono))))
    times = np.linspace(0, seconds, len(columns))
    top = [float(np.max(column, initial=0)) for column in columns]
    bottom = [float(np.min(column, initial=0)) for column in columns]
    axes.fill_between(times, bottom, top, color=_SOUND, linewidth=0)
    for caption in captions:
        colour = _CACHED if caption.cached else _INK
        axes.axvspan(caption.start_s, caption.end_s, color=colour, alpha=0.07)
        axes.annotate(
            caption.note,
            (caption.start_s, 0.97),
            xycoords=("data", "axes fraction"),
            va="top",
            fontsize=9,
            color=colour,
            weight="bold",
        )
        for word, at_s in _placed(caption):
            axes.annotate(
                word,
                (at_s, 0.03),
                xycoords=("data", "axes fraction"),
                rotation=55,
                fontsize=8,
                color=_INK,
            )
    axes.set(xlim=(0, max(seconds, 0.1)), ylim=(-0.9, 0.9), xlabel="seconds", title=title)
    axes.set_yticks([-0.5, 0, 0.5])
    axes.grid(axis="x", alpha=0.3)
    figure.savefig(out, dpi=110)


def _placed(caption: Caption) -> list[tuple[str, float]]:
    words = caption.text.split()
    letters = np.cumsum([0, *(len(word) + 1 for word in words)])
    length_s = caption.end_s - caption.start_s
    return [
        (word, caption.start_s + length_s * float(before) / float(letters[-1]))
        for word, before in zip(words, letters, strict=False)
    ]
