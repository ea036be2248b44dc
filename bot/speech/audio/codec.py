"""How loud speech is, and how it is encoded."""

import math
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from bot.speech.audio.loudness import normalise
from bot.speech.audio.marking import marked
from bot.speech.audio.tuning import UNTUNED, Tuning, tuned
from engine.speech import FloatArray


class Codec(Struct, frozen=True):
    """Everything between PCM and packets that changes the sound. Part of the cache key."""

    loudness_lufs: Annotated[float, Meta(ge=-40, le=-10), "TIMBRE_LOUDNESS_LUFS"] = -18.0
    true_peak_max_dbtp: float = -1.5
    opus_kbps: Annotated[int, Meta(ge=16, le=256), "TIMBRE_OPUS_KBPS"] = 64
    tuning: Tuning = UNTUNED

    def at_volume(self, percent: int) -> "Codec":
        """The codec of a server that wants speech louder or quieter; 100 is this one.

        A louder one is still held below the true peak, so that nothing is distorted.
        """
        if percent == 100:
            return self
        gain_db = 20 * math.log10(percent / 100)
        return replace(self, loudness_lufs=round(self.loudness_lufs + gain_db, 3))

    def with_tuning(self, tuning: Tuning) -> "Codec":
        """The codec of a member who wants to sound otherwise."""
        return replace(self, tuning=tuning)

    def levelled(self, pcm: FloatArray, sample_rate: int) -> FloatArray:
        """`pcm`, mono float32 of shape (samples,), tuned and at this loudness. For a thread."""
        pcm = tuned(pcm, sample_rate, self.tuning)
        if self.tuning.pitch_semitones:
            pcm = marked(pcm, sample_rate)
        return normalise(
            pcm,
            sample_rate,
            target_lufs=self.loudness_lufs,
            max_dbtp=self.true_peak_max_dbtp,
        )
