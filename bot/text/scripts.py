"""Text in other scripts, for voices that read the Latin one: spelled with its letters, or refused.

A rule is for a language of the voice; English is the first, and all of today's voices read it.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import groupby

from anyascii import anyascii

from bot.text.expressions import lazy_pattern

#: Words of scripts that are written without spaces are counted by their letters.
_WORD_LETTERS = 12
_LONE_GREEK = lazy_pattern(
    "(?<![\u0370-\u03ff\u1f00-\u1fff])[\u0370-\u03ff](?![\u0370-\u03ff\u1f00-\u1fff])"
)
_GREEK_NAME = lazy_pattern(r"GREEK (?:SMALL|CAPITAL) LETTER (?:FINAL )?(\w+)")
_JOINERS = "\u200c\u200d"
#: Languages that are not written with Latin letters, by how Unicode calls those of theirs.
SCRIPTS = {
    "ar": ("ARABIC",),
    "el": ("GREEK",),
    "he": ("HEBREW",),
    "hi": ("DEVANAGARI",),
    "ja": ("CJK", "HIRAGANA", "KATAKANA", "HALFWIDTH", "IDEOGRAPHIC"),
    "ko": ("HANGUL", "CJK"),
    "ru": ("CYRILLIC",),
    "zh": ("CJK", "IDEOGRAPHIC", "BOPOMOFO"),
}


def is_latin(char: str) -> bool:
    code = ord(char)
    return code < 0x250 or 0x1E00 <= code < 0x1F00 or 0x2C60 <= code < 0x2C80 or char == "ⁿ"


def is_foreign(text: str) -> bool:
    """Whether more words of `text` are in other scripts than in the Latin one."""
    if text.isascii():
        return False
    balance = 0
    for word in text.split():
        letters = [char for char in word if char.isalpha()]
        foreign = sum(not is_latin(char) for char in letters)
        if foreign * 2 > len(letters):
            balance += 1 + (foreign - 1) // _WORD_LETTERS
        elif letters:
            balance -= 1
    return balance > 0


def greek_letters(text: str) -> str:
    """``2πr`` -> "2 pi r": alone a Greek letter is a sign, which has a name."""

    def name(match: re.Match[str]) -> str:
        found = _GREEK_NAME.match(unicodedata.name(match[0], ""))
        if not found:
            return match[0]
        around = (
            text[max(match.start() - 1, 0) : match.start()],
            text[match.end() : match.end() + 1],
        )
        left, right = ("" if not beside or beside.isspace() else " " for beside in around)
        return f"{left}{found[1].lower().replace('lamda', 'lambda')}{right}"

    return _LONE_GREEK.sub(name, text)


def transliterated(text: str, kept: tuple[str, ...] = ()) -> str:
    """Spell letters, figures and punctuation of other scripts with Latin ones.

    ``Саша и 東京`` -> "Sasha i  Dong  Jing ". Scripts `kept` stay, by how Unicode's names begin.
    """
    if text.isascii():
        return text
    runs = groupby(text, lambda char: _is_spelled(char) and not _is_of(char, kept))
    return "".join(_spelled("".join(run)) if foreign else "".join(run) for foreign, run in runs)


@lru_cache(maxsize=4096)
def _is_of(char: str, scripts: tuple[str, ...]) -> bool:
    if not scripts:
        return False
    # Marks and joiners belong to what they stand on.
    joined = not char.isalpha() and not char.isdecimal()
    return joined or unicodedata.name(char, "").startswith(scripts)


def _is_spelled(char: str) -> bool:
    if char in _JOINERS:
        return True
    code = ord(char)
    # Accents, and the punctuation and signs that scripts share, stay; so do emoji, by category.
    shared = code < 0x250 or 0x2B0 <= code < 0x370 or 0x2000 <= code < 0x2C00 or is_latin(char)
    return not shared and (unicodedata.category(char)[0] in "LMP" or char.isdecimal())


def _spelled(run: str) -> str:
    shouted = run.isupper() and len(run) > 1
    latin = ""
    for char in run:
        spelled = anyascii(char)
        if not char.isalpha():
            spelled += " " * (not char.isdecimal())
        else:
            spelled = "".join(filter(str.isalnum, spelled))  # "мать" is no "mat'"
            # A letter that is a syllable of its own, as in Chinese, is spelled with a capital.
            if not char.isupper() and spelled[:1].isupper():
                spelled = f" {spelled} "
        latin += spelled
    return latin.capitalize() if shouted else latin
