"""Which script a text is written in, and which of the languages that are read are written in it."""

import unicodedata
from collections import Counter
from functools import lru_cache

from bot.text.scripts import is_foreign

LATIN = "LATIN"
_HAN, _KANA = "CJK", "KANA"

#: Languages that are not written in the Latin script, by Unicode's name of theirs.
_LANGUAGES = {
    "ARABIC": ("ar",),
    "CYRILLIC": ("ru",),
    "DEVANAGARI": ("hi",),
    "GREEK": ("el",),
    "HANGUL": ("ko",),
    "HEBREW": ("he",),
    _KANA: ("ja",),
    _HAN: ("zh", "ja"),
}
_NOT_LATIN = frozenset(code for codes in _LANGUAGES.values() for code in codes)
#: What a name in Unicode begins with, where that is not the script.
_ALSO = {"HIRAGANA": _KANA, "KATAKANA": _KANA, "KATAKANA-HIRAGANA": _KANA, "IDEOGRAPHIC": _HAN}
#: A letter that is a syllable or a word counts for as many of an alphabet.
_LETTERS = {_HAN: 3, _KANA: 2, "HANGUL": 2}


def script_of(text: str) -> str | None:
    """The script of most of a text: `LATIN` or another, None where there is no letter.

    Han with any kana in it is Japanese, so both count as kana then.
    """
    if text.isascii():
        return LATIN if any(map(str.isalpha, text)) else None
    counted: Counter[str] = Counter()
    for char in text:
        if char.isalpha():
            script = _script(char)
            counted[script] += _LETTERS.get(script, 1)
    if counted[_KANA]:
        counted[_KANA] += counted.pop(_HAN, 0)
    found = counted.most_common(1)
    return found[0][0] if found else None


def languages_written_in(script: str) -> tuple[str, ...]:
    """The languages of a script that is not the Latin one, the likeliest first; () for others."""
    return _LANGUAGES.get(script, ())


def is_written_in_latin(language: str) -> bool:
    return language not in _NOT_LATIN


def is_legible(text: str, language: str) -> bool:
    """Whether a voice that reads `language` could say most of a text: letters of it, or Latin."""
    if not is_foreign(text):
        return True
    script = script_of(text)
    return script is not None and language in _LANGUAGES.get(script, ())


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    first, *rest = unicodedata.name(char, "UNNAMED").split()
    if first in {"FULLWIDTH", "HALFWIDTH"} and rest:
        first = rest[0]
    return _ALSO.get(first, first)
