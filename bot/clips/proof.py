"""Whether a recording is somebody who says a statement now, and who is the person of a clip.

Runs in the child process only. Raises `Unfit` with what was heard and how to do better.
"""

import numpy as np

from bot.clips.activity import SpeechSegment, segments
from bot.clips.limits import ProofLimits
from bot.clips.recogniser import Recogniser, right
from bot.clips.resampling import resample
from bot.clips.room import floor_spread_db
from bot.clips.speaker import SpeakerEncoder, least_similarity
from bot.clips.statement import Statement
from bot.clips.verdict import SAMPLE_RATE, Proven, Unfit
from bot.clips.watermark import WatermarkHearing
from engine.perth import DETECTED
from engine.speech import FloatArray
from engine.voice_activity import FRAME_S, RATE, SpeechDetector

_FRAME = round(FRAME_S * SAMPLE_RATE)
_MARGIN = 10  # frames before and after the speech that the recogniser hears
_LONGEST_S = 45.0
#: So many of the words may be heard wrongly: one of four, or one of eight digits.
_MISHEARD = 1


class Examiner:
    """What a statement's recording is examined with. To make it opens files; to use it none."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._detector = SpeechDetector()
        self._encoder = SpeakerEncoder()
        self._watermark = WatermarkHearing()
        self._recogniser = Recogniser(statement)

    def examine(self, recording: FloatArray, clip: FloatArray, limits: ProofLimits) -> Proven:
        """Hear `recording`, and compare it with `clip`; both (samples,) at `SAMPLE_RATE`."""
        if len(recording) > _LONGEST_S * SAMPLE_RATE:
            raise Unfit(
                "This recording is longer than {seconds:.0f} seconds. Please say "
                "the sentence and nothing else.",
                seconds=_LONGEST_S,
            )
        recording = recording - recording.mean(dtype=np.float64).astype(np.float32)
        speech = self._speech(recording)
        if not speech:
            raise Unfit("I heard no speech in this recording.")
        if self._watermark.certainty(recording) > DETECTED:
            raise Unfit(
                "This recording is synthetic: it carries the watermark of a speech engine. Please "
                "say the sentence yourself."
            )
        start = max(0, speech[0].start - _MARGIN) * _FRAME
        said = recording[start : (speech[-1].end + _MARGIN) * _FRAME]
        words = right(self._recogniser.hear(said), self._statement.words)
        if words < len(self._statement.words) - _MISHEARD:
            raise Unfit("I did not hear the words of the sentence in this recording.")
        spoken = self._encoder.embed(_voiced(recording, speech))
        throughout = recording[speech[0].start * _FRAME : speech[-1].end * _FRAME]
        mel = self._encoder.mel(resample(throughout, SAMPLE_RATE, RATE))
        if (
            least_similarity(spoken) < limits.min_same_voice_throughout
            or floor_spread_db(mel) > limits.max_floor_spread_db
        ):
            raise Unfit(
                "This recording seems to consist of several. Please say the sentence in one go, "
                "in one place."
            )
        likeness = _likeness(spoken, self._encoder.embed(_voiced(clip, self._speech(clip))))
        if likeness < limits.min_likeness:
            raise Unfit("The voice in this recording is not the voice in the clip.")
        return Proven(words_heard=words / len(self._statement.words), likeness=likeness)

    def _speech(self, samples: FloatArray) -> list[SpeechSegment]:
        return segments(self._detector.probabilities(resample(samples, SAMPLE_RATE, RATE)))


def _voiced(samples: FloatArray, speech: list[SpeechSegment]) -> FloatArray:
    """The speech without its pauses; all of it where none was found."""
    parts = [samples[one.start * _FRAME : one.end * _FRAME] for one in speech]
    return np.concatenate(parts) if parts else samples


def _likeness(one: FloatArray, other: FloatArray) -> float:
    """Cosine between the mean directions of two voices, each (windows, 256)."""
    first, second = one.mean(axis=0), other.mean(axis=0)
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))
