"""Voices to judge: three of the stock engine's, spoken once for all tests."""

from collections.abc import Callable

import psutil
import pytest

from engine.speech import FloatArray
from tests.bot.clips.recordings import TEXTS, sentences

VOICES = ("heart", "michael", "fenrir")
Children = Callable[[], list[psutil.Process]]


@pytest.fixture(scope="session")
def spoken() -> dict[str, list[FloatArray]]:
    """Two sentences, about four seconds each, by each voice: mono float32 at 24 kHz."""
    return sentences(VOICES, TEXTS[:2])


@pytest.fixture
def children() -> Children:
    """What this process has started in a test; the run's PostgreSQL may be an earlier child."""
    earlier = psutil.Process().children()
    return lambda: [child for child in psutil.Process().children() if child not in earlier]
