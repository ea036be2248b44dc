"""Whole numbers in the words of 22 languages, by Unicode's rules for spelling numbers out.

The rules are CLDR's, run by `unicode_rbnf`, which is loaded with the first number that is said in
such a language. What they get wrong against usage is mended here and nowhere else.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unicode_rbnf import RbnfEngine

#: Longer numbers are said figure by figure.
MOST_CARDINAL_DIGITS = 15
#: What nobody says, and what is said: (language, words, usage).
_MENDED = (
    ("ru", "одна тысяча", "тысяча"),
    ("el", "χίλιάδες", "χιλιάδες"),
    ("sw", ", ", " "),
)


@lru_cache(maxsize=32)
def _engine(code: str) -> "RbnfEngine":
    from unicode_rbnf import RbnfEngine  # noqa: PLC0415 - 75 ms, for those who speak it

    return RbnfEngine.for_language(code)


@lru_cache(maxsize=8192)
def spelled(code: str, number: int, rules: str = "spellout-numbering") -> str:
    """Return `number`, 0 <= number < 10**15, by one of CLDR's sets of rules for language `code`."""
    words = _engine(code).format_number(number, ruleset_names=[rules]).text
    for language, odd, usual in _MENDED:
        if code == language:
            words = words.replace(odd, usual) if odd != "одна тысяча" else _begun(words, odd, usual)
    return " ".join(words.split())


def _begun(words: str, odd: str, usual: str) -> str:
    return usual + words.removeprefix(odd) if words.startswith(odd) else words
