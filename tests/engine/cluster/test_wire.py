"""Sound in half its bytes."""

import numpy as np
import pytest

from engine.cluster.wire import Sound
from engine.errors import SynthesisFailed
from engine.messages import Spoken
from engine.speech import Speech


def test_sound_takes_half_the_bytes_and_differs_by_less_than_its_smallest_step() -> None:
    pcm = np.sin(np.arange(4800) / 7).astype(np.float32) * 1.2  # a little too loud: cut off
    spoken = Spoken.of(7, Speech(pcm=pcm, sample_rate=24_000, stage_ms={"tone": 1.0}))
    sound = Sound.of(spoken)
    assert len(sound.pcm) * 2 == len(spoken.pcm)
    back = sound.spoken
    assert (back.job_id, back.sample_rate, back.stage_ms) == (7, 24_000, {"tone": 1.0})
    assert np.abs(back.speech.pcm - pcm.clip(-1, 1)).max() <= 0.5 / 32767 + 1e-7


def test_half_a_sample_is_no_sound() -> None:
    with pytest.raises(SynthesisFailed, match="damaged"):
        _ = Sound(1, b"abc", 24_000, None, {}).spoken
