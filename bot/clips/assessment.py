"""Is this recording one person's voice, long and clean enough? Runs in the child process only.

Takes the part that is best to learn from, measures it, and either makes a clip of it or says what
was heard and how to do better.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.clips.activity import SpeechSegment, segments
from bot.clips.limits import ClipLimits
from bot.clips.loudness import loudness_lufs
from bot.clips.resampling import resample
from bot.clips.speaker import SpeakerEncoder, least_similarity, mean_direction
from bot.clips.verdict import SAMPLE_RATE, Accepted, Unfit
from engine.speech import FloatArray
from engine.voice_activity import FRAME_S, RATE, SpeechDetector

_FRAME = round(FRAME_S * SAMPLE_RATE)
#: Of a longer pause than twice this, so much is kept on either side.
_KEPT_PAUSE_S = 0.3
_FADE = round(0.01 * SAMPLE_RATE)
#: Flat tops are blurred by lossy codecs and resampling, so full scale begins a little below 1.
_FULL_SCALE = 0.985
#: Background is what surely nobody speaks in; with less than so much of it, the quietest tenth of
#: the speech stands for it.
_BACKGROUND_BELOW = 0.1
_MIN_BACKGROUND_FRAMES = 10
_QUIETEST = 0.1
#: Digital silence: 16 bit sound has nothing below it.
_FLOOR_POWER = 10 ** (-96 / 10)
#: Parts with nearly as much speech as the fullest one are told apart by their noise.
_NEARLY = 0.9
_CLIP_LUFS, _CLIP_PEAK = -20.0, 10 ** (-1 / 20)


@dataclass(frozen=True, slots=True)
class _Part:
    """A candidate: consecutive segments of speech and what was measured of them."""

    speech: list[SpeechSegment]
    snr_db: float

    @property
    def voiced_s(self) -> float:
        return sum(one.frames for one in self.speech) * FRAME_S


class Assessor:
    """What clips are judged with. To load it opens files; to use it opens none."""

    def __init__(self) -> None:
        self._detector = SpeechDetector()
        self._encoder = SpeakerEncoder()

    def assess(self, samples: FloatArray, limits: ClipLimits) -> Accepted:
        """Make a clip of `samples` ((samples,) at `SAMPLE_RATE`). Raises `Unfit`."""
        samples = samples - samples.mean(dtype=np.float64).astype(np.float32)
        probability = self._detector.probabilities(resample(samples, SAMPLE_RATE, RATE))
        speech = segments(probability)
        heard_s = sum(one.frames for one in speech) * FRAME_S
        if not speech:
            raise Unfit(
                "I heard no speech in this recording; please talk for at least "
                "{least_s:.0f} seconds.",
                least_s=limits.min_voiced_s,
            )
        if heard_s < limits.min_voiced_s:
            raise Unfit(
                "I heard {heard_s:.1f} s of speech; please talk for at least {least_s:.0f} s.",
                heard_s=heard_s,
                least_s=limits.min_voiced_s,
            )
        part = _best_part(samples, probability, speech, limits)
        clip = _cut(samples, part.speech)
        loudness = loudness_lufs(clip, SAMPLE_RATE)
        clipped = float(np.mean(np.abs(clip) >= _FULL_SCALE))
        if loudness < limits.min_loudness_lufs:
            raise Unfit(
                "The recording is too quiet to learn from; please speak up, or closer to the "
                "microphone."
            )
        if clipped > limits.max_clipped_share:
            raise Unfit(
                "The recording is distorted: {clipped:.0%} of it is too loud. Please lower the "
                "microphone's volume, or move away from the microphone.",
                clipped=clipped,
            )
        if part.snr_db < limits.min_snr_db:
            raise Unfit(
                "Your voice is only {snr_db:.0f} dB louder than the background; please record in "
                "a quieter place, without music.",
                snr_db=max(part.snr_db, 0),
            )
        voiced = np.concatenate(
            [samples[one.start * _FRAME : one.end * _FRAME] for one in part.speech]
        )
        embeddings = self._encoder.embed(voiced)
        similarity = least_similarity(embeddings)
        if similarity < limits.min_same_speaker_similarity:
            raise Unfit(
                "I heard more than one voice in this recording; please send one in which a single "
                "person speaks."
            )
        return Accepted(
            pcm=_normalised(clip, loudness),
            voiced_s=part.voiced_s,
            snr_db=part.snr_db,
            loudness_lufs=loudness,
            clipped_share=clipped,
            speaker_similarity=similarity,
            voiceprint=mean_direction(embeddings).astype("<f4").tobytes(),
        )


def _best_part(
    samples: FloatArray, probability: FloatArray, speech: list[SpeechSegment], limits: ClipLimits
) -> _Part:
    """The part with the most speech up to the limit; among nearly equal ones, the cleanest."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    parts = [
        _Part(chosen, _snr_db(power, probability[: len(power)], chosen))
        for first in range(len(speech))
        if (chosen := _up_to(speech[first:], limits.max_voiced_s))
    ]
    enough = _NEARLY * max(part.voiced_s for part in parts)
    return max((part for part in parts if part.voiced_s >= enough), key=lambda part: part.snr_db)


def _up_to(speech: list[SpeechSegment], most_s: float) -> list[SpeechSegment]:
    """The first segments that last `most_s` together; the last one is cut to fit."""
    left = int(most_s / FRAME_S)
    chosen = []
    for one in speech:
        length = min(left, one.frames)
        if not length:
            break
        chosen.append(SpeechSegment(one.start, one.start + length))
        left -= length
    return chosen


def _snr_db(
    power: NDArray[np.float64], probability: FloatArray, speech: list[SpeechSegment]
) -> float:
    """Power of the speech over that of the background around it, in dB, at most 96."""
    voiced = np.concatenate([power[one.start : one.end] for one in speech])
    near = slice(max(0, speech[0].start - _MIN_BACKGROUND_FRAMES), speech[-1].end + 10)
    background = power[near][probability[near] < _BACKGROUND_BELOW]
    if background.size < _MIN_BACKGROUND_FRAMES:
        background = np.sort(voiced)[: max(1, int(_QUIETEST * voiced.size))]
    noise = max(float(np.median(background)), _FLOOR_POWER)
    return 10 * math.log10(max(float(voiced.mean()) - noise, _FLOOR_POWER) / noise)


def _cut(samples: FloatArray, speech: list[SpeechSegment]) -> FloatArray:
    """The speech with its pauses, long ones shortened, from just before it to just after."""
    kept = round(_KEPT_PAUSE_S * SAMPLE_RATE)
    spans: list[list[int]] = []
    for one in speech:
        start = max(0, one.start * _FRAME - kept)
        end = min(len(samples), one.end * _FRAME + kept)
        if spans and start <= spans[-1][1]:
            spans[-1][1] = end
        else:
            spans.append([start, end])
    fade = np.linspace(0, 1, _FADE, dtype=np.float32)
    pieces = []
    for start, end in spans:
        piece = samples[start:end].copy()
        piece[:_FADE] *= fade
        piece[-_FADE:] *= fade[::-1]
        pieces.append(piece)
    return np.concatenate(pieces)


def _normalised(clip: FloatArray, loudness: float) -> bytes:
    """The clip at -20 LUFS, or as near as its peaks allow, as int16."""
    peak = float(np.abs(clip).max())
    gain = min(10 ** ((_CLIP_LUFS - loudness) / 20), _CLIP_PEAK / peak)
    return np.round(clip * (gain * 32767)).astype("<i2").tobytes()
