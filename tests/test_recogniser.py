"""The tests' ears hear what is said, nothing in silence, and notice a wrong sentence."""

import numpy as np
import pytest

from tests.recogniser import normalise, word_error_rate, words


@pytest.mark.parametrize("level", [0.0, 0.003])
def test_silence_and_faint_noise_are_no_sentence(level: float) -> None:
    """Whisper makes up "thank you" for silence unless it is kept from listening to it."""
    pcm = np.random.default_rng(0).normal(0.0, 1.0, 3 * 48_000).astype(np.float32) * level
    assert words(pcm, 48_000) == ""


def test_no_samples_are_no_words() -> None:
    assert words(np.zeros(0, np.float32), 24_000) == ""
    assert word_error_rate("four words are missing", np.zeros(0, np.float32), 24_000) == 1.0


def test_case_punctuation_and_the_spelling_of_numbers_do_not_count() -> None:
    assert normalise("It's THIRTY-FIVE, really!") == normalise("it is 35 really")
    assert normalise("at 3:45 pm") == normalise("At 3.45 p.m.")
    assert normalise("nineteen eighty four") == normalise("1984.")
    assert normalise("one cat") != normalise("one hat")
