"""Figures in the words of 22 languages; English has rules of its own, in `bot.text.quantities`.

The multilingual model reads figures reliably only in English, so none reaches it. `forms` has how
figures are written, `grammars` what each language says, `steps` the rest of the pipeline.
"""

import unicodedata
from functools import lru_cache

from bot.text.expressions import lazy_pattern
from bot.text.languages.forms import HYPHEN, rules_of
from bot.text.languages.grammar import TOUCHING, Grammar
from bot.text.languages.grammars import GRAMMARS
from bot.text.rule import Rule, apply_all

__all__ = ["GRAMMARS", "quantities", "rules"]

_FIGURE = lazy_pattern(r"\d|[¹²³⁰-⁹½¼¾⅐-⅞⅒≤≥≈±]|[IVX]{2}")

#: One of another script, such as the Arabic ones.
_OTHER_FIGURE = lazy_pattern(r"(?![0-9])\d")
_LOOSE_HYPHEN = lazy_pattern(r"(?<=\w)(?:- | -)(?=\w)")
_HYPHEN = lazy_pattern(f" ?{HYPHEN} ?")
_BEFORE_MARK = lazy_pattern(" +(?=[،؛؟])")
_TOUCHING = lazy_pattern(f"{TOUCHING} ?")


@lru_cache(maxsize=32)
def rules(code: str) -> tuple[Rule, ...]:
    return tuple(rules_of(GRAMMARS[code]).values())


def quantities(text: str, code: str) -> str:
    """Say every figure of `text` in language `code`, ISO 639-1, which is not English."""
    if not text.isascii():
        text = _OTHER_FIGURE.sub(lambda m: str(unicodedata.decimal(m[0])), text)
    if _FIGURE.search(text):
        text = _by_rules(text, code)
    return text if text.isascii() else _without_figures(text, GRAMMARS[code])


def _by_rules(text: str, code: str) -> str:
    hyphens = _LOOSE_HYPHEN.search(text)
    text = apply_all(rules(code), text)
    if not hyphens:  # what was put beside a word and its hyphen
        text = _LOOSE_HYPHEN.sub("-", text)
    return _BEFORE_MARK.sub("", _TOUCHING.sub("", _HYPHEN.sub("-", text)))


def _without_figures(text: str, grammar: Grammar) -> str:
    """Say signs that are figures and that no form has, such as a raised one alone."""
    left = (char for char in set(text) if char.isnumeric() and not char.isalpha())
    for figure in left:
        text = text.replace(figure, f" {grammar.say(int(unicodedata.numeric(figure)))} ")
    return text
