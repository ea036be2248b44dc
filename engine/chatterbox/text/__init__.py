"""Text to text tokens as upstream makes them: one tokenizer for each kind of checkpoint."""

from typing import Protocol

from torch import Tensor

from engine.chatterbox.text.english import EnglishTokenizer
from engine.chatterbox.text.length import most_speech_tokens

__all__ = ["EnglishTokenizer", "TextTokenizer", "most_speech_tokens"]


class TextTokenizer(Protocol):
    """A checkpoint's front end."""

    def __call__(self, text: str, language: str, /) -> Tensor:
        """Text tokens (n,) int64 as T3 takes them, with start and stop where it takes those.

        `language` is the text's, an ISO 639-1 code. Raises `SynthesisFailed` for a text that cannot
        be read in it.
        """
        ...
