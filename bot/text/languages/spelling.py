"""Whole numbers in the words of 22 languages, by Unicode's rules for spelling numbers out.

The rules are CLDR's, run by `unicode_rbnf`, which is loaded with the first number that is said in
such a language. What they get wrong against usage is mended here and nowhere else.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unicode_rbnf import RbnfEngine

#: Longer numbers are said figure by figure.
MOST_CARDINAL_DIGITS = 15
#: What nobody says or writes, and what they do.
_MENDED = {
    "ru": (("^одна тысяча", "тысяча"),),
    "el": (("χίλιάδες", "χιλιάδες"), ("εννενήντα", "ενενήντα"), ("δεκατρεις", "δεκατρείς")),
    "hi": (("वी$", "वीं"),),
    "sw": ((", ", " "),),
}


@lru_cache(maxsize=32)
def _engine(code: str) -> "RbnfEngine":
    from unicode_rbnf import RbnfEngine  # noqa: PLC0415 - 75 ms, for those who speak it

    return RbnfEngine.for_language(code)


@lru_cache(maxsize=8192)
def spelled(code: str, number: int, rules: str = "spellout-numbering") -> str:
    """Return `number`, 0 <= number < 10**15, by one of CLDR's sets of rules for language `code`."""
    words = _engine(code).format_number(number, ruleset_names=[rules]).text
    for odd, usual in _MENDED.get(code, ()):
        words = re.sub(odd, usual, words)
    return " ".join(words.split())
