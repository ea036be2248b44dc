"""Voices to judge: three of the stock engine's, spoken once for all tests."""

import pytest

from engine.speech import FloatArray
from tests.bot.clips.recordings import sentences

VOICES = ("heart", "michael", "fenrir")
SENTENCES = (
    "The birch canoe slid on the smooth planks, and nobody on the shore was surprised.",
    "It is easy to tell the depth of a well, but not how cold the water is.",
)


@pytest.fixture(scope="session")
def spoken() -> dict[str, list[FloatArray]]:
    """Two sentences, about four seconds each, by each voice: mono float32 at 24 kHz."""
    return sentences(VOICES, SENTENCES)
