"""Text becomes upstream's tokens."""

from pathlib import Path

import pytest
import torch

from engine.chatterbox.text import EnglishTokenizer
from engine.chatterbox.text.punctuation import even_out_punctuation
from engine.upstream.package import EnTokenizer, punc_norm
from engine.weights.models import ENGLISH


@pytest.mark.parametrize(
    "text",
    [
        "hello there",
        "  two  spaces   and a tab\t. ",
        "wait... what\N{HORIZONTAL ELLIPSIS} no: yes; \N{EM DASH} maybe \N{EN DASH} so -",
        "\N{LEFT DOUBLE QUOTATION MARK}quoted\N{RIGHT DOUBLE QUOTATION MARK} - fine ,",
        "it\N{RIGHT SINGLE QUOTATION MARK}s \N{LEFT SINGLE QUOTATION MARK}so",
        "Done!",
    ],
)
def test_text_becomes_upstreams_tokens(small_checkpoint: Path, text: str) -> None:
    assert even_out_punctuation(text) == punc_norm(text)
    file = small_checkpoint / ENGLISH.tokenizer[0]
    expected = EnTokenizer(str(file)).text_to_tokens(punc_norm(text))
    got = EnglishTokenizer(file)(text, "en")
    assert torch.equal(got[1:-1], expected[0].long())
    assert got[[0, -1]].tolist() == [255, 0]


def test_letters_that_the_checkpoint_does_not_know_are_spelled_with_those_it_does(
    small_checkpoint: Path,
) -> None:
    """Upstream gives the model an unknown token for each."""
    tokens = EnglishTokenizer(small_checkpoint / ENGLISH.tokenizer[0])
    assert torch.equal(
        tokens("Nice café, Zoë and Łukasz.", "en"), tokens("Nice cafe, Zoe and Lukasz.", "en")
    )
