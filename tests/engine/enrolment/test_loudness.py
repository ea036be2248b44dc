"""Loudness without pyloudnorm is pyloudnorm's."""

import numpy as np
import pyloudnorm
import pytest

from engine.enrolment.loudness import loudness_lufs
from engine.upstream.random_weights import synthetic_voice


@pytest.mark.parametrize("seconds", [0.4, 1.03, 6.02, 17.0])
def test_it_is_that_of_the_other(seconds: float) -> None:
    voice = synthetic_voice(150.0, seconds)
    voice[len(voice) // 2 :] *= 0.02  # below the relative gate
    expected = pyloudnorm.Meter(24_000).integrated_loudness(voice)
    assert loudness_lufs(voice, 24_000) == pytest.approx(expected, abs=1e-4)


def test_silence_has_none() -> None:
    assert loudness_lufs(np.zeros(24_000, np.float32), 24_000) == -np.inf
