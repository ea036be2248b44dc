"""Where somebody speaks in a clip, as segments."""

from dataclasses import dataclass

from engine.speech import FloatArray
from engine.voice_activity import FRAME_S

#: Speech begins above the first probability and lasts until below the second (silero's defaults).
_BEGIN, _END = 0.5, 0.35
_MIN_SPEECH_S = 0.25
_MIN_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class SpeechSegment:
    """A stretch in which somebody speaks, in frames of `FRAME_S`, the end not included."""

    start: int
    end: int

    @property
    def frames(self) -> int:
        return self.end - self.start


def segments(speech_probability: FloatArray) -> list[SpeechSegment]:
    """The segments of speech, in order; shorter pauses than 0.2 s belong to the speech."""
    found: list[SpeechSegment] = []
    start: int | None = None
    for index, probability in enumerate([*speech_probability.tolist(), 0.0]):
        if start is None and probability >= _BEGIN:
            start = index
        elif start is not None and probability < _END:
            if found and (start - found[-1].end) * FRAME_S < _MIN_PAUSE_S:
                start = found.pop().start
            found.append(SpeechSegment(start, index))
            start = None
    return [segment for segment in found if segment.frames * FRAME_S >= _MIN_SPEECH_S]
