"""Text in 23 languages becomes upstream's tokens, and no word of it gets lost."""

import sys
import unicodedata
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import rjieba

from engine.chatterbox.text import MultilingualTokenizer
from engine.errors import SynthesisFailed
from engine.upstream.package import multilingual_punc_norm, multilingual_tokenizer
from engine.weights.models import MULTILINGUAL

UNKNOWN = 1
SENTENCES = {
    "ar": "مرحبا، كيف حالك اليوم؟",
    "da": "hej, kan du høre mig på øen?",
    "de": "Größe ist nicht alles \N{EN DASH} oder doch",
    "el": "Γεια σου\N{GREEK QUESTION MARK} πώς είσαι;",
    "en": "the billing issue is resolved...",
    "es": "¿Dónde estás? ¡Ven aquí, señor!",
    "fi": "Hyvää päivää: mitä kuuluu",
    "fr": "Ça va ? L\N{RIGHT SINGLE QUOTATION MARK}été, c'est « génial »\N{HORIZONTAL ELLIPSIS}",
    "he": "שלום, מה שלומך? שָׁלוֹם",
    "hi": "नमस्ते, आप कैसे हैं? क़लम कहाँ है।",
    "it": "Perché no? È già lì - forse",
    "ko": "...안녕하세요, 오늘 뭐 해? ㅋㅋㅋ",
    "ms": "Apa khabar, kawan?",
    "nl": "Hoe gaat het met je geïnteresseerde vriend?",
    "no": "Hvor er du på vei, Åse?",
    "pl": "Zażółć gęślą jaźń!",
    "pt": "Não sei, você está aí?",
    "ru": "Ёжик в тумане; чей йод? За\N{COMBINING ACUTE ACCENT}мок",
    "sv": "Vad gör du på ön?",
    "sw": "Habari gani, rafiki?",
    "tr": "İyi misin? Işık söndü.",
    "zh": "你好，  今天天气真不错！三峡 ok",
}
#: Words as they are written, and as they are read: upstream's two, which Open JTalk confirms.
JAPANESE = (
    *(("今日", "きょう"), ("は", "は"), ("いい", "いい"), ("天気", "てんき"), ("ですね。", "")),
    *(("母", "はは"), ("が", ""), ("部屋", "へや"), ("で", ""), ("テレビ", ""), ("を", "")),
    *(("見", "み"), ("て", ""), ("いる。", "")),
)


class _Words:
    """Upstream's segmenter: it leaves spaces out."""

    def cut(self, text: str) -> list[str]:
        return [word for part in text.split() for word in rjieba.cut(part)]


def _pykakasi(words: tuple[tuple[str, str], ...]) -> ModuleType:
    """Upstream's reader, which knows these words and is asked for a text that they make up."""

    def convert(text: str) -> list[dict[str, str]]:
        assert unicodedata.normalize("NFC", text) == "".join(written for written, _ in words)
        parts = ((unicodedata.normalize("NFKD", each), read) for each, read in words)
        return [{"orig": each, "hira": read or each} for each, read in parts]

    module: Any = ModuleType("pykakasi")
    module.kakasi = lambda: SimpleNamespace(convert=convert)
    return module


def _ours(graphemes: Path) -> MultilingualTokenizer:
    return MultilingualTokenizer(graphemes, graphemes.with_name("Cangjie5_TC.json"))


def _assert_upstreams(graphemes: Path, text: str, language: str) -> None:
    upstream = multilingual_tokenizer(graphemes, graphemes.with_name("Cangjie5_TC.json"))
    upstream.cangjie_converter.segmenter = _Words()
    evened = multilingual_punc_norm(text)
    expected = upstream.text_to_tokens(evened, language_id=language)[0].tolist()
    got = _ours(graphemes)(text, language).tolist()
    assert got == [255, *expected, 0]
    assert UNKNOWN not in got


@pytest.mark.parametrize("language", SENTENCES)
def test_text_becomes_upstreams_tokens(graphemes: Path, language: str) -> None:
    _assert_upstreams(graphemes, SENTENCES[language], language)


def test_japanese_becomes_upstreams_tokens(
    graphemes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pykakasi", _pykakasi(JAPANESE))
    _assert_upstreams(graphemes, "".join(written for written, _ in JAPANESE), "ja")


def test_all_languages_are_compared() -> None:
    assert {*SENTENCES, "ja"} == set(MULTILINGUAL)


def test_a_text_in_no_language_of_the_model_gets_no_tag(graphemes: Path) -> None:
    """As upstream reads one without a language."""
    ours = _ours(graphemes)
    tagged, plain = ours("Bon dia", "pt").tolist(), ours("Bon dia", "ca").tolist()
    assert tagged[2:] == plain[1:]


@pytest.mark.parametrize(
    ("text", "language", "as_if"),
    [
        ("Sukhumi, სოხუმი", "en", "Sukhumi, sokhumi"),
        ("fünf ५ ௫", "de", "fünf ५ 5"),
        ("我 \N{CJK UNIFIED IDEOGRAPH-3400} 了", "zh", "我 qiu 了"),
        ("안녕 สวัสดี", "ko", "안녕 swasdi"),
    ],
)
def test_letters_that_the_model_does_not_know_are_spelled(
    graphemes: Path, text: str, language: str, as_if: str
) -> None:
    ours = _ours(graphemes)
    assert UNKNOWN not in ours(text, language)
    assert ours(text, language).tolist() == ours(as_if, language).tolist()


@pytest.mark.parametrize("content", [None, "[", '["no code"]'])
def test_without_the_table_chinese_is_refused_and_all_else_is_spoken(
    graphemes: Path, tmp_path: Path, content: str | None
) -> None:
    table = tmp_path / "Cangjie5_TC.json"
    if content is not None:
        table.write_text(content)
    tokenizer = MultilingualTokenizer(graphemes, table)
    with pytest.raises(SynthesisFailed, match=r"^I cannot speak Chinese here: .*\.$"):
        tokenizer("你好", "zh")
    assert len(tokenizer("Hola", "es"))


@pytest.mark.parametrize(
    ("package", "text", "language"), [("haqumei", "今日は", "ja"), ("rjieba", "你好", "zh")]
)
def test_a_language_whose_package_is_missing_is_refused(
    graphemes: Path, monkeypatch: pytest.MonkeyPatch, package: str, text: str, language: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SynthesisFailed, match="a package is missing"):
        _ours(graphemes)(text, language)
