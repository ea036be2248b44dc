"""An engine of tones, for each test anew."""

import pytest

from tests.bot.speech.tones import Tones


@pytest.fixture
def tones() -> Tones:
    return Tones()
