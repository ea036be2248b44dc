"""Speech without silence that is of no use: at both ends, and where a model stalled.

All that sounds stays as it is, sample for sample, and so do pauses between sentences. What is only
just audible at the end may be a quiet word or a breath: silero's voice activity tells which.
Works on whole utterances, which is how every engine makes them. Somebody waits for the first sound,
and code that has not run for a while is slow: what would change nothing is not called.
"""

import logging
from functools import cache

import numpy as np

from engine.speech import FloatArray

_log = logging.getLogger(__name__)

_FRAME_S = 0.005
#: The level of speech is what this much of it reaches, so that a click is not taken for it...
_LOUD_S = 0.1
#: ... unless there is nothing else: a click is this much louder than speech at most.
_CLICK = 10 ** (-20 / 20)
#: Against the level of speech. Endings of words, weak fricatives too, stay above the first; what is
#: below the second for longer than `_ENDING_S` is no ending of a word any more.
_AUDIBLE, _CLEAR = 10 ** (-50 / 20), 10 ** (-25 / 20)
_ENDING_S = 0.5
#: Nothing below -75 dBFS is sound: it is rounding, or a watermark in silence.
_NOTHING = 10 ** (-75 / 20)
#: Silero's probability of speech, far below its usual 0.5: a breath that stays harms less than a
#: word that goes.
_PERHAPS_SPEECH = 0.2
#: People pause for less than a second between sentences; what is longer than this is a stall.
_LONGEST_PAUSE_S = 1.5


def trim(pcm: FloatArray, sample_rate: int, *, lead_s: float, tail_s: float) -> FloatArray:
    """Cut silence down to `lead_s` before the first sound, `tail_s` after the last, 1.5 s between.

    Takes and gives mono float32 (samples,); empty where nothing sounds, `pcm` itself where there is
    nothing to cut. Where it is cut it is faded over 5 ms, so that it can be joined without a click.
    """
    frame = round(_FRAME_S * sample_rate)
    frames = pcm[: pcm.size // frame * frame].reshape(-1, frame)
    levels = np.sqrt(np.einsum("ij,ij->i", frames, frames) / frame)
    speech = _speech_level(levels)
    if not speech >= _NOTHING:
        return pcm[:0]
    audible = np.flatnonzero(levels > speech * _AUDIBLE)
    clear = int(np.flatnonzero(levels > speech * _CLEAR)[-1])
    if audible[-1] - clear > _ENDING_S / _FRAME_S:
        doubtful = pcm[clear * frame : (int(audible[-1]) + 1) * frame]
        end = clear + (_speech_end_s(doubtful, sample_rate) + _ENDING_S) / _FRAME_S
        audible = audible[audible <= end]
    half = round(_LONGEST_PAUSE_S / _FRAME_S / 2)
    stalls = audible[:0]
    if audible[-1] - audible[0] + 1 - audible.size > 2 * half:  # else too few frames are silent
        stalls = np.flatnonzero(audible[1:] - audible[:-1] > 2 * half + 1)
    starts = [audible[0] - round(lead_s / _FRAME_S), *(audible[stalls + 1] - half)]
    ends = [*(audible[stalls] + half + 1), audible[-1] + round(tail_s / _FRAME_S) + 1]
    kept = [
        (max(0, int(start) * frame), min(pcm.size, int(end) * frame))
        for start, end in zip(starts, ends, strict=True)
    ]
    # Less than a frame too much is not worth a cut.
    if len(kept) == 1 and kept[0][0] == 0 and pcm.size - kept[0][1] < frame:
        return pcm
    pieces = [_faded(pcm, start, end, frame) for start, end in kept]
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def _speech_level(levels: FloatArray) -> float:
    if not levels.size:
        return 0.0
    loud = min(round(_LOUD_S / _FRAME_S), (levels.size + 1) // 2)
    return max(float(np.partition(levels, -loud)[-loud]), float(levels.max()) * _CLICK)


def _faded(pcm: FloatArray, start: int, end: int, frame: int) -> FloatArray:
    piece = pcm[start:end].copy()
    fade = _fade(frame)
    if start > 0:
        piece[:frame] *= fade
    if end < pcm.size:
        piece[-frame:] *= fade[::-1]
    return piece


@cache
def _fade(frame: int) -> FloatArray:
    return np.linspace(0.0, 1.0, frame, dtype=np.float32)


def _speech_end_s(pcm: FloatArray, sample_rate: int) -> float:
    """Seconds after which there is no speech any more in a stretch that is only just audible."""
    try:
        # A tenth of a second to import, and needed for few utterances.
        from engine.voice_activity import FRAME_S, RATE, loaded  # noqa: PLC0415

        # As precise as is needed: all above half the lower rate is left out of the spectrum.
        samples = round(pcm.size * RATE / sample_rate)
        spectrum = np.fft.rfft(pcm)[: samples // 2 + 1]
        sound = np.fft.irfft(spectrum, samples).astype(np.float32) * np.float32(RATE / sample_rate)
        speech = loaded().probabilities(sound)
        spoken = np.flatnonzero(speech >= _PERHAPS_SPEECH)
    except Exception as error:  # it is not installed, or whatever running it can raise
        reason = f"{type(error).__name__}: {error}"
        _log.warning("breath at the end of speech stays, for want of voice activity: %s", reason)
        return pcm.size / sample_rate
    return (int(spoken[-1]) + 1) * FRAME_S if spoken.size else 0.0
