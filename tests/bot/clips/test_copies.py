"""What people do to a recording so that it is another file leaves the voice in it as it was."""

import numpy as np

from bot.clips.assessment import Assessor
from bot.clips.limits import ClipLimits
from bot.voices.likeness import is_copy
from engine.speech import FloatArray
from tests.bot.clips.copies import changes


def test_a_changed_copy_is_known_and_another_voice_is_not(
    spoken: dict[str, list[FloatArray]],
) -> None:
    assessor = Assessor()

    def voiceprint(sound: FloatArray) -> bytes:
        return assessor.assess(sound, ClipLimits()).voiceprint

    clips = {voice: np.concatenate(said) for voice, said in spoken.items()}
    disabled = voiceprint(clips["heart"])
    for change, apply in changes(np.random.default_rng(1)).items():
        assert is_copy(voiceprint(apply(clips["heart"])), [disabled]), change
    for other in ("michael", "fenrir"):
        assert not is_copy(voiceprint(clips[other]), [disabled]), other
    assert not is_copy(disabled, [])
