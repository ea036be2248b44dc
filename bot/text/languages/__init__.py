"""Figures in the words of 22 languages besides English, whose own rules are in `quantities`.

The multilingual model reads figures reliably only in English, so none reaches it. `grammar` says
what a language has, `forms` how figures are written; a grammar stands in the file of its family.
"""

import re
import unicodedata
from functools import lru_cache

from bot.text.languages.forms import HYPHEN, rules_of
from bot.text.languages.germanic import DUTCH, GERMAN, SWEDISH
from bot.text.languages.grammar import TOUCHING, Grammar
from bot.text.languages.eastasian import CHINESE, JAPANESE, KOREAN
from bot.text.languages.romance import FRENCH, ITALIAN, PORTUGUESE, SPANISH
from bot.text.languages.slavic import POLISH, RUSSIAN
from bot.text.rule import Rule

GRAMMARS: dict[str, Grammar] = {grammar.code: grammar for grammar in (GERMAN, DUTCH, SWEDISH, SPANISH, FRENCH, ITALIAN, PORTUGUESE, POLISH, RUSSIAN, JAPANESE, CHINESE, KOREAN)}
_FIGURE = re.compile(r"\d|[¹²³⁰-⁹½¼¾⅐-⅞⅒≤≥≈±]")

_HYPHEN = re.compile(f" ?{HYPHEN} ?")
_TOUCHING = re.compile(f"{TOUCHING} ?")


@lru_cache(maxsize=32)
def rules(code: str) -> tuple[Rule, ...]:
    return tuple(rules_of(GRAMMARS[code]).values())


def quantities(text: str, code: str) -> str:
    """Say every figure of `text` in language `code`, ISO 639-1, which is not English."""
    text = "".join(map(_plain, text)) if not text.isascii() else text
    for rule in rules(code):
        if not _FIGURE.search(text):
            break
        text = rule.apply(text)
    return _TOUCHING.sub("", _HYPHEN.sub("-", text))


def _plain(char: str) -> str:
    """Return the figure that a figure of another script is."""
    if char.isascii() or not char.isdecimal():
        return char
    return str(unicodedata.decimal(char))
