"""What the paced worker said, by the pitches of its tones."""

import itertools

import numpy as np

from bot.loopback import Heard
from tests.end_to_end.paced_worker import hertz

_BIN_HZ = 50  # of one packet of 960 samples at 48 kHz: the step between the worker's pitches
_SURE = 3  # packets in a row, so that no edge of a tone counts


def pitches(heard: Heard) -> list[int]:
    """The pitches that were heard, in Hz, each once for every time that it sounded."""
    strongest = []
    for packet in heard.packets:
        if packet.is_silence_frame or not len(packet.pcm):
            strongest.append(0)
            continue
        spectrum = np.abs(np.fft.rfft(packet.pcm.mean(axis=1)))
        strongest.append(int(np.argmax(spectrum)) * _BIN_HZ)
    runs = [(pitch, len(list(run))) for pitch, run in itertools.groupby(strongest)]
    return [pitch for pitch, length in runs if pitch and length >= _SURE]


def said(heard: Heard, *texts: str) -> list[str]:
    """Which of `texts` were heard, in order; "?" for anything else."""
    by_pitch = {hertz(text): text for text in texts}
    assert len(by_pitch) == len(texts), "two of the texts have the same pitch"
    return [by_pitch.get(pitch, "?") for pitch in pitches(heard)]
