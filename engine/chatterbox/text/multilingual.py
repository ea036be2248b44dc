"""Multilingual Chatterbox's front end: a text's language decides what becomes of its letters.

Upstream's order: punctuation evened out, small letters, NFKD on the whole text, the language's own
step, the language's tag in front, the tokenizer. Its steps for Hebrew and Russian are left out, as
they are wherever upstream runs as it is installed: vowel signs and stress are spoken where they are
written.
"""

import unicodedata
from collections.abc import Callable
from pathlib import Path

from anyascii import anyascii
from torch import Tensor

from engine.chatterbox.text.chinese import CangjieWriter
from engine.chatterbox.text.japanese import KanjiReader
from engine.chatterbox.text.punctuation import ENDS, even_out_punctuation
from engine.chatterbox.text.vocabulary import Vocabulary
from engine.weights.models import MULTILINGUAL

_ENDS = (*ENDS, "、", "，", "。", "？", "！")


class MultilingualTokenizer:
    """The `TextTokenizer` of Multilingual Chatterbox.

    `file` is the tokenizer's, `cangjie` the table of Chinese characters, which is read with the
    first Chinese text. A text in a language that the model does not speak gets no tag.
    """

    def __init__(self, file: Path, cangjie: Path) -> None:
        self._vocabulary = Vocabulary(file)
        self._steps: dict[str, Callable[[str], str]] = {
            "ja": KanjiReader(),
            "ko": str.strip,  # what else upstream does, NFKD has done: syllables are letters
            "zh": CangjieWriter(cangjie),
        }

    def __call__(self, text: str, language: str, /) -> Tensor:
        """Text tokens (n,) int64 between start and stop.

        Raises `SynthesisFailed` where what Chinese or Japanese takes is not there.
        """
        text = unicodedata.normalize("NFKD", even_out_punctuation(text, _ENDS).lower())
        if language in self._steps:
            text = self._steps[language](text)
        text = self._vocabulary.with_known_letters(text, lambda char: anyascii(char).lower())
        return self._vocabulary.encode(f"[{language}]{text}" if language in MULTILINGUAL else text)
