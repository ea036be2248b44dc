"""A checkpoint's tokenizer file, which knows some characters and not others."""

import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path

import torch
from anyascii import anyascii
from tokenizers import Tokenizer
from torch import Tensor

from engine.chatterbox.t3.config import START_OF_TEXT, STOP_OF_TEXT


class Vocabulary:
    """The byte-pair encoding of a checkpoint. [SPACE] stands for a space in it."""

    def __init__(self, file: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(file))
        self._unknown = self._tokenizer.token_to_id("[UNK]")
        self._is_word_but_unknown = cache(self._look_up)

    def encode(self, text: str) -> Tensor:
        """Text tokens (n,) int64 between start and stop."""
        ids = self._tokenizer.encode(text.replace(" ", "[SPACE]")).ids
        return torch.tensor([START_OF_TEXT, *ids, STOP_OF_TEXT], dtype=torch.int64)

    def with_known_letters(self, text: str, spell: Callable[[str], str] = anyascii) -> str:
        """`text` with letters, marks and figures that are not known spelled: "café" as "cafe"."""
        if text.isascii():
            return text
        return "".join(spell(c) if self._is_word_but_unknown(c) else c for c in text)

    def _look_up(self, character: str) -> bool:
        part_of_word = unicodedata.category(character)[0] in "LMN"
        return (
            part_of_word
            and not character.isascii()
            and self._unknown in self._tokenizer.encode(character).ids
        )
