"""A checkpoint's tokenizer file, which knows some characters and not others."""

from functools import cache
from pathlib import Path

import torch
from anyascii import anyascii
from tokenizers import Tokenizer
from torch import Tensor

from engine.chatterbox.t3.config import START_OF_TEXT, STOP_OF_TEXT


class Vocabulary:
    """The byte-pair encoding of `tokenizer.json`. [SPACE] stands for a space in it."""

    def __init__(self, file: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(file))
        self._unknown = self._tokenizer.token_to_id("[UNK]")
        self.knows = cache(self._knows)

    def encode(self, text: str) -> Tensor:
        """Text tokens (n,) int64 between start and stop."""
        ids = self._tokenizer.encode(text.replace(" ", "[SPACE]")).ids
        return torch.tensor([START_OF_TEXT, *ids, STOP_OF_TEXT], dtype=torch.int64)

    def with_known_letters(self, text: str) -> str:
        """`text` with letters that the checkpoint does not know in ASCII: "café" as "cafe"."""
        if text.isascii():
            return text
        return "".join(c if self.knows(c) or not c.isalpha() else anyascii(c) for c in text)

    def _knows(self, character: str) -> bool:
        return character.isascii() or self._unknown not in self._tokenizer.encode(character).ids
