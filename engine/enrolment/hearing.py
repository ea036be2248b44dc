"""What each family of models hears of a clip: how much of it, and how loud."""

import math
from dataclasses import dataclass

import numpy as np

from engine.enrolment.clip import SAMPLE_RATE
from engine.enrolment.loudness import loudness_lufs
from engine.speech import FloatArray
from engine.weights.models import Family


@dataclass(frozen=True, slots=True)
class Hearing:
    """Upstream's constants: of the clip's first `t3_prompt_s`, T3 hears up to `t3_prompt_tokens`.

    A clip is brought to `loudness_lufs` first, if given, and lasts more than `longer_than_s`.
    """

    t3_prompt_s: int
    t3_prompt_tokens: int
    loudness_lufs: float | None = None
    longer_than_s: float = 0.0

    def prepare(self, clip: FloatArray) -> FloatArray:
        """The clip, mono float32 at 24 kHz, as the networks are to hear it."""
        clip = self._long_enough(clip)
        if self.loudness_lufs is None:
            return clip
        loudness = loudness_lufs(clip, SAMPLE_RATE)
        if not math.isfinite(loudness):  # what is so quiet is left so, as upstream leaves it
            return clip
        # Not numpy's float64, which would make the samples that too: the networks refuse it.
        return clip * np.float32(10 ** ((self.loudness_lufs - loudness) / 20))

    def _long_enough(self, clip: FloatArray) -> FloatArray:
        """A clip that is too short, as often as it takes.

        Upstream refuses it. A voice that speaks with one model is not to fall silent with the next,
        and what is kept of a registration begins and ends softly, in a pause.
        """
        repeats = int(self.longer_than_s * SAMPLE_RATE) // len(clip) + 1
        return np.tile(clip, repeats) if repeats > 1 else clip


HEARINGS: dict[Family, Hearing] = {
    "original": Hearing(t3_prompt_s=6, t3_prompt_tokens=150),
    "turbo": Hearing(t3_prompt_s=15, t3_prompt_tokens=375, loudness_lufs=-27.0, longer_than_s=5.0),
}
