"""What people do to a recording so that it is another file leaves the voice in it as it was."""

import numpy as np
import pytest

from bot.clips.assessment import Assessor
from bot.clips.limits import ClipLimits
from bot.voices.likeness import is_copy
from engine.speech import FloatArray
from tests.bot.clips.copies import HARDEST, changes


def test_a_changed_copy_is_known_and_another_voice_is_not(
    spoken: dict[str, list[FloatArray]], pytestconfig: pytest.Config
) -> None:
    everything = pytestconfig.getoption("--all")
    assessor = Assessor()

    def voiceprint(sound: FloatArray) -> bytes:
        return assessor.assess(sound, ClipLimits()).voiceprint

    clips = {voice: np.concatenate(said) for voice, said in spoken.items()}
    disabled = voiceprint(clips["heart"])
    for change, apply in changes(np.random.default_rng(1)).items():
        if not everything and change not in HARDEST:
            continue
        assert is_copy(voiceprint(apply(clips["heart"])), [disabled]), change
    for other in ("michael", "fenrir") if everything else ("michael",):
        assert not is_copy(voiceprint(clips[other]), [disabled]), other
    assert not is_copy(disabled, [])
