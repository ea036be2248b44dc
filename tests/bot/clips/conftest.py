"""Voices to judge: three of the stock engine's, spoken once for all tests."""

import pytest

from engine.speech import FloatArray
from tests.bot.clips.recordings import TEXTS, sentences

VOICES = ("heart", "michael", "fenrir")


@pytest.fixture(scope="session")
def spoken() -> dict[str, list[FloatArray]]:
    """Two sentences, about four seconds each, by each voice: mono float32 at 24 kHz."""
    return sentences(VOICES, TEXTS[:2])
