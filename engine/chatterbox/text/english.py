"""English Chatterbox's front end: punctuation evened out, then its tokenizer."""

from pathlib import Path

from torch import Tensor

from engine.chatterbox.text.punctuation import even_out_punctuation
from engine.chatterbox.text.vocabulary import Vocabulary


class EnglishTokenizer:
    """The `TextTokenizer` of English Chatterbox, which reads a text of any language as English."""

    def __init__(self, file: Path) -> None:
        self._vocabulary = Vocabulary(file)

    def __call__(self, text: str, _language: str, /) -> Tensor:
        """Text tokens (n,) int64 between start and stop."""
        known = self._vocabulary.with_known_letters(text)
        return self._vocabulary.encode(even_out_punctuation(known))
