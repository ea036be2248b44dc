"""Text to text tokens as upstream makes them: one tokenizer for each kind of checkpoint."""

from pathlib import Path
from typing import Protocol

from torch import Tensor

from engine.chatterbox.text.english import EnglishTokenizer
from engine.chatterbox.text.length import most_speech_tokens
from engine.chatterbox.text.multilingual import MultilingualTokenizer
from engine.chatterbox.text.turbo import TurboTokenizer
from engine.weights.models import Model

__all__ = [
    "EnglishTokenizer",
    "MultilingualTokenizer",
    "TextTokenizer",
    "TurboTokenizer",
    "most_speech_tokens",
    "tokenizer_of",
]


class TextTokenizer(Protocol):
    """A checkpoint's front end."""

    def __call__(self, text: str, language: str, /) -> Tensor:
        """Text tokens (n,) int64 as T3 takes them, with start and stop where it takes those.

        `language` is the text's, an ISO 639-1 code. Raises `SynthesisFailed` for a text that cannot
        be read in it.
        """
        ...


def tokenizer_of(model: Model, folder: Path) -> TextTokenizer:
    """The front end of the model whose files are in `folder`. Raises `WeightsError`."""
    if model.family == "turbo":
        return TurboTokenizer(folder)
    if model.tables:
        return MultilingualTokenizer(folder / model.tokenizer[0], folder / model.tables[0])
    return EnglishTokenizer(folder / model.tokenizer[0])
