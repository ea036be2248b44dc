"""How much speech a text may take, beside how long the stock voice takes to read it."""

import pytest

from engine.chatterbox.text import most_speech_tokens
from engine.messages import Speak
from engine.speech import SpeechParameters, StockVoice
from tests.stock import stock_engine


def test_a_text_may_take_much_longer_than_a_reader_takes(pytestconfig: pytest.Config) -> None:
    """Three quarters more than one who reads single words slowly, and 0.5 s of silence."""
    reader = stock_engine()
    everything = pytestconfig.getoption("--all")
    texts = ["I", "Yes", "W", "F B I", "H T M L", "okay", "through", "strengths", "1984"]
    texts += ["one million seven hundred thousand and twelve", "We are going to leave now."]
    for text in texts if everything else ("W", "strengths", "1984"):
        job = Speak(1, text, StockVoice("michael"), SpeechParameters())  # who reads slowest
        read_s = reader.synthesise(job, lambda: False).duration_s
        assert most_speech_tokens(text) / 25 > 1.75 * read_s + 0.5, text


@pytest.mark.parametrize(
    ("language", "text", "slow_s"),
    [
        # A teacher who reads poems takes 150 syllables a minute, one who reads to children 180.
        ("zh", "床前明月光，疑是地上霜。举头望明月，低头思故乡。", 20 / (150 / 60)),
        ("ko", "가는 말이 고와야 오는 말이 곱다", 13 / (180 / 60)),
        # Five morae a second are slow narration. The first two characters have nine.
        ("ja", "志承る", 9 / 5),
        ("ja", "むかしむかし、あるところに、おじいさんがいました。", 22 / 5),
        ("ja", "昔々、或る所に、お爺さんが居ました。", 22 / 5),
        # Vowels are not written, or go without saying: four syllables a second are slow.
        ("ar", "كتب الولد درسه", 9 / 4),
        ("hi", "नमक और शहद घर पर रख", 11 / 4),
        ("de", "1984", 2.0),
    ],
)
def test_what_is_said_slowly_in_other_scripts_is_not_cut_and_babble_is(
    language: str, text: str, slow_s: float
) -> None:
    most_s = most_speech_tokens(text, language) / 25
    assert 1.3 * slow_s < most_s < 4 * slow_s + 2


def test_a_sound_may_last_whatever_the_length_of_its_name() -> None:
    assert most_speech_tokens("Oh! [sigh]") - most_speech_tokens("Oh! ") == 75
