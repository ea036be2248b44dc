"""What the child process says of an upload: one msgpack struct on its stdout.

A judged clip crosses as plain samples, never as an encoded file: whatever a hostile upload might
make of the child, no other decoder ever reads bytes that the child composed.
"""

import msgspec


class Accepted(msgspec.Struct, frozen=True, kw_only=True, tag="accepted"):
    """The clip is good. `pcm` is mono little-endian int16 at `SAMPLE_RATE`; see `JudgedClip`.

    `voiceprint` is the mean direction of the voice in it: 256 little-endian float32, of length 1.
    """

    pcm: bytes
    voiced_s: float
    snr_db: float
    loudness_lufs: float
    clipped_share: float
    speaker_similarity: float
    voiceprint: bytes


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The clip is not good; `sentence` says what was heard and how to do better.

    In English, with what is filled in as `values`.
    """

    sentence: str
    values: dict[str, str | int | float]


class Proven(msgspec.Struct, frozen=True, kw_only=True, tag="proven"):
    """A statement's recording is good: the share of its words that was heard, and the likeness.

    `likeness` is the cosine between the voices of the recording and of the clip, at most 1.
    """

    words_heard: float
    likeness: float


Verdict = Accepted | Refused | Proven

#: What Chatterbox learns from, so that a clip is resampled once in its life. Speech has nothing
#: above 12 kHz that a listener would miss, and a clip takes half the room of one at 48 kHz.
SAMPLE_RATE = 24_000


class Unfit(Exception):
    """The clip is refused, with an English sentence and its values. Stays in the child process."""

    def __init__(self, sentence: str, /, **values: str | int | float) -> None:
        # No `Sentence`: the child need not load what the languages take.
        super().__init__(sentence.format(**values) if values else sentence)
        self.refused = Refused(sentence, values)
