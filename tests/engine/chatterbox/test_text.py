"""Text becomes upstream's tokens."""

from pathlib import Path

import pytest
import torch

from engine.chatterbox.text import TextTokenizer, even_out_punctuation
from engine.upstream.package import EnTokenizer, punc_norm
from engine.weights import checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "hello there",
        "  two  spaces   and a tab\t. ",
        "wait... what\N{HORIZONTAL ELLIPSIS} no: yes; \N{EM DASH} maybe \N{EN DASH} so -",
        "\N{LEFT DOUBLE QUOTATION MARK}quoted\N{RIGHT DOUBLE QUOTATION MARK} - fine ,",
        "it\N{RIGHT SINGLE QUOTATION MARK}s \N{LEFT SINGLE QUOTATION MARK}so",
        "\N{LATIN SMALL LETTER E WITH ACUTE}t\N{LATIN SMALL LETTER E WITH ACUTE}",
        "Done!",
    ],
)
def test_text_becomes_upstreams_tokens(small_checkpoint: Path, text: str) -> None:
    assert even_out_punctuation(text) == punc_norm(text)
    file = small_checkpoint / checkpoint.TOKENIZER
    expected = EnTokenizer(str(file)).text_to_tokens(punc_norm(text))
    got = TextTokenizer(file)(text)
    assert torch.equal(got[1:-1], expected[0].long())
    assert got[[0, -1]].tolist() == [255, 0]
