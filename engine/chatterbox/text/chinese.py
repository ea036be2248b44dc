"""Chinese as Multilingual Chatterbox reads it: words apart, characters by their Cangjie codes.

A character becomes `[cj_x]` for each letter of its code and a `[cj_.]` behind; of characters with
one code, those after the first have a figure as well. Words are jieba's, not pkuseg's, which
upstream takes: that fetches 34 MB by itself and unpickles them. The two differ in how long a word
is ("三峡工程" or "三峡" and "工程"), not in what is said.
"""

import logging
import unicodedata
from collections import defaultdict
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import msgspec

from engine.errors import SynthesisFailed

_log = logging.getLogger(__name__)


class CangjieWriter:
    """Writes characters as the tokens of their codes. `table` is read with the first text.

    The table is upstream's `Cangjie5_TC.json`, a list of "character<tab>code".
    """

    def __init__(self, table: Path) -> None:
        self._table = table

    def __call__(self, text: str) -> str:
        """Raises `SynthesisFailed` where there is no table: every character would be unknown."""
        tokens, cut = self._tokens, self._cut
        words = [word for part in text.split() for word in cut(part)]
        return "".join(
            tokens.get(char, char) if unicodedata.category(char) == "Lo" else char
            for char in " ".join(words)
        )

    @cached_property
    def _cut(self) -> Callable[[str], list[str]]:
        try:
            import rjieba  # noqa: PLC0415 - its dictionary takes 0.3 s and 30 MB
        except ImportError as error:
            _log.error("Chinese needs the package rjieba: %s", error)
            raise SynthesisFailed("I cannot speak Chinese here: a package is missing.") from error
        cut: Callable[[str], list[str]] = rjieba.cut
        return cut

    @cached_property
    def _tokens(self) -> dict[str, str]:
        """What stands for each character."""
        codes: dict[str, str] = {}
        homographs: defaultdict[str, list[str]] = defaultdict(list)
        try:
            for row in msgspec.json.decode(self._table.read_bytes(), type=list[str]):
                char, code = row.split("\t")[:2]
                codes[char] = code
                homographs[code].append(char)
        except (OSError, ValueError) as error:  # msgspec's are among these
            _log.error("the table of Chinese characters %s is unusable: %s", self._table, error)
            raise SynthesisFailed(
                "I cannot speak Chinese here: the model's table of characters is missing or "
                "damaged."
            ) from error
        return {
            char: _as_tokens(code, homographs[code].index(char)) for char, code in codes.items()
        }


def _as_tokens(code: str, index: int) -> str:
    figures = str(index) if index else ""
    return "".join(f"[cj_{letter}]" for letter in f"{code}{figures}.")
