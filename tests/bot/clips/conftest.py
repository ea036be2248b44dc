"""Voices to judge: three of the stock engine's, spoken once for all tests."""

import pytest

from engine.messages import Speak
from engine.speech import FloatArray, SpeechParameters, StockVoice
from engine.stock.engine import StockEngine

VOICES = ("heart", "michael", "fenrir")
SENTENCES = (
    "The birch canoe slid on the smooth planks, and nobody on the shore was surprised.",
    "It is easy to tell the depth of a well, but not how cold the water is.",
)


@pytest.fixture(scope="session")
def spoken() -> dict[str, tuple[FloatArray, ...]]:
    """Two sentences, about four seconds each, by each voice: mono float32 at 24 kHz."""
    engine = StockEngine(threads=1, reason="tests")
    return {
        voice: tuple(
            engine.synthesise(
                Speak(job_id=1, text=text, voice=StockVoice(voice), parameters=SpeechParameters()),
                lambda: False,
            ).pcm
            for text in SENTENCES
        )
        for voice in VOICES
    }
