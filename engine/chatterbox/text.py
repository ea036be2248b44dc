"""Text to text tokens as upstream makes them: punctuation evened out, then its tokenizer."""

from pathlib import Path

import torch
from anyascii import anyascii
from tokenizers import Tokenizer
from torch import Tensor

from engine.chatterbox.t3.config import START_OF_TEXT, STOP_OF_TEXT

# In upstream's order, which matters: an ellipsis goes before anything else with dots.
_PUNCTUATION = (
    ("...", ", "),
    ("\N{HORIZONTAL ELLIPSIS}", ", "),
    (":", ","),
    (" - ", ", "),
    (";", ", "),
    ("\N{EM DASH}", "-"),
    ("\N{EN DASH}", "-"),
    (" ,", ","),
    ("\N{LEFT DOUBLE QUOTATION MARK}", '"'),
    ("\N{RIGHT DOUBLE QUOTATION MARK}", '"'),
    ("\N{LEFT SINGLE QUOTATION MARK}", "'"),
    ("\N{RIGHT SINGLE QUOTATION MARK}", "'"),
)
_ENDS = (".", "!", "?", "-", ",")

# 25 tokens are a second. A reader of books says 15.2 characters in one (LJ Speech: 1,308,678 in
# 86,117 s, pauses included); "Special English", which Voice of America reads for learners, is 90
# words a minute, which are 8.7 characters a second. Four tokens a character are 6.25 characters a
# second, slower than both; the 1.5 s are for silence around a word. What goes on is babble.
_TOKENS_TO_BEGIN_WITH = 38
_TOKENS_PER_CHARACTER = 4
#: "F B I", "1984": a capital or a digit may be a word of its own.
_CHARACTERS_SPELLED = 4


def even_out_punctuation(text: str) -> str:
    """What upstream's `punc_norm` makes of a text that has words in it."""
    # The first character is looked at before spaces are, so one behind a space stays as it is.
    if text[:1].islower():
        text = text[0].upper() + text[1:]
    text = " ".join(text.split())
    for before, after in _PUNCTUATION:
        text = text.replace(before, after)
    text = text.rstrip(" ")
    return text if text.endswith(_ENDS) else text + "."


def most_speech_tokens(text: str) -> int:
    """How many speech tokens a text has at most, however slowly it is spoken."""
    spelled = sum(character.isupper() or character.isdigit() for character in text)
    characters = len(text) + (_CHARACTERS_SPELLED - 1) * spelled
    return _TOKENS_TO_BEGIN_WITH + _TOKENS_PER_CHARACTER * characters


class TextTokenizer:
    """The checkpoint's English tokenizer."""

    def __init__(self, file: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(file))
        self._unknown = self._tokenizer.token_to_id("[UNK]")

    def __call__(self, text: str) -> Tensor:
        """Text tokens (n,) int64 between start and stop."""
        spaced = even_out_punctuation(self._known(text)).replace(" ", "[SPACE]")
        ids = self._tokenizer.encode(spaced).ids
        return torch.tensor([START_OF_TEXT, *ids, STOP_OF_TEXT], dtype=torch.int64)

    def _known(self, text: str) -> str:
        """`text` with letters that the checkpoint does not know in ASCII: "café" as "cafe"."""
        if text.isascii():
            return text

        def known(char: str) -> bool:
            return char.isascii() or self._unknown not in self._tokenizer.encode(char).ids

        return "".join(c if known(c) or not c.isalpha() else anyascii(c) for c in text)
