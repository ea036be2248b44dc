"""Turbo's and Nano's text becomes upstream's ids, tags included."""

from pathlib import Path
from typing import Any

import pytest

from engine.chatterbox.text import most_speech_tokens
from engine.chatterbox.text.turbo import TurboTokenizer
from engine.upstream import package
from engine.upstream.random_tokenizers import write_tokenizer
from engine.weights.checkpoint import WeightsError
from engine.weights.models import MODELS, SOUNDS

TEXTS = [
    "hello there",
    "Oh, that is funny! [chuckle] Let us try it again.",
    "[laugh]",
    "[laugh][sigh] hm",
    "a[clear throat]b [Laugh] [ laugh ] [nope]",
    "[angry] no [sarcastic]",
    "wait... what\N{HORIZONTAL ELLIPSIS} no: yes; \N{EM DASH} maybe \N{EN DASH} so -",
    "  two  spaces   and a tab\t. ",
    "it\N{RIGHT SINGLE QUOTATION MARK}s \N{LEFT SINGLE QUOTATION MARK}so",
    "\N{LEFT DOUBLE QUOTATION MARK}quoted\N{RIGHT DOUBLE QUOTATION MARK} ,",
    "1984 and 3.14, I'm, you're, we've, they'll",
    "nice café, Zoë and Łukasz; \N{CJK UNIFIED IDEOGRAPH-4F60}\N{FACE WITH TEARS OF JOY} ok",
    "<|endoftext|> is no end",
    "a\nb",
    "x" * 300,
    " ".join(f"so [{sound}], word" for sound in SOUNDS),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gpt2")
    write_tokenizer(folder, MODELS["turbo"])
    return folder


@pytest.fixture(scope="module")
def upstream(folder: Path) -> Any:
    return package.gpt2_tokenizer(folder)


def test_ids_are_upstreams(folder: Path, upstream: Any) -> None:
    ours = TurboTokenizer(folder)
    assert len(upstream) == 50_276
    for text in TEXTS:
        theirs = upstream(package.turbo_punc_norm(text), return_tensors="pt").input_ids[0]
        assert ours(text, "en").tolist() == theirs.tolist(), text


def test_another_vocabulary_is_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("vocab.json", "merges.txt"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(WeightsError, match=r"added_tokens\.json cannot be read"):
        TurboTokenizer(tmp_path)
    for tags in ('{"[laugh]": 50257}', '{"[laugh]": 50275, "[sigh]": 50270}'):
        (tmp_path / "added_tokens.json").write_text(tags)
        with pytest.raises(WeightsError, match="another vocabulary"):
            TurboTokenizer(tmp_path)
    (tmp_path / "vocab.json").write_text("{")
    with pytest.raises(WeightsError, match="no vocabulary that can be read"):
        TurboTokenizer(tmp_path)


def test_a_sound_may_last_three_seconds_whatever_its_name() -> None:
    plain = most_speech_tokens("so  funny")
    assert most_speech_tokens("so [laugh] funny") == plain + 75
    assert most_speech_tokens("so [clear throat][sigh] funny") == plain + 150
    assert most_speech_tokens("so [angry] funny") != plain + 75
