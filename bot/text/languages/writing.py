"""Abbreviations, laughter and signs in other languages than English: few, and only sure ones.

`writing.toml` has them by language.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from bot.text.expressions import any_of, lazy_pattern
from bot.text.languages.grammar import Grammar
from bot.text.rule import Match, Rule
from bot.text.wording import UNSPACED, WORDINGS

_TABLES: Mapping[str, Mapping[str, Mapping[str, str]]] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text("utf-8")
)
_USUAL_LAUGH = {
    "pattern": r"\b(?:a?(?:ha){3,}h?|(?:he){3,}h?|(?:hi){3,}h?)\b",
    "said": "hahaha",
}
_STRETCHED = lazy_pattern(r"([^\W\d_])\1{2,}")
_STRETCHED_MORE = lazy_pattern(r"([^\W\d_])\1{3,}")
_STRETCHED_SYLLABLE = lazy_pattern(r"([^\W\d_a-zA-Z])\1{3,}")
_LAUGHING_FACE = lazy_pattern(r"\bx[dD]+\b", re.IGNORECASE)
#: Languages that have three of one letter in a word, or two of a vowel at its end.
_KEEPS_THREE = frozenset({"de"})
_KEEPS_TWO = frozenset({"fi", "nl"})
#: Said letter by letter: no vowel in it, or known everywhere; a hiss is not.
_INITIALS = lazy_pattern(
    r"(?<![\w.])(?!(?:H+M+|B+R+|P+F+|S+H+|G+R+|P+S+T+|T+S+K?|Z+|[IVX]+)\b)"
    r"(?:[B-DF-HJ-NP-TV-XZ]{2,5}|USA|AI|UI|IP|IQ|EU|GPU|CPU|USB|API|ID)(?![\w.]|'s)"
)
#: After these a new sentence may begin.
_ENDS = frozenset(
    "und so weiter|enzovoort|och så vidare|og så videre|etcétera|et cetera|eccetera|i tak dalej|"
    "так далее|тому подобное|ja niin edelleen|ve benzeri|vesaire|dan lain-lain|και λοιπά".split("|")
)
_NEW_SENTENCE = lazy_pattern(r" ?$| [A-ZÄÖÜÅØÆÉÀŁŚŻА-ЯΑ-Ω]")


def _typed(short: str) -> str:
    """An expression for an abbreviation: perhaps with spaces, or with a capital."""
    pattern = re.escape(short).replace(r"\.", r"\. ?").removesuffix(" ?")
    if short[0].islower():
        return f"[{short[0].upper()}{short[0]}]{pattern[1:]}"
    return pattern


def dotted(code: str) -> Rule | None:
    """Abbreviations with points, which would be heard as the end of a sentence."""
    table = _TABLES.get(code, {}).get("dotted")
    if not table:
        return None
    said = {short.lower(): words for short, words in table.items()}

    def say(match: Match) -> str:
        words = said[match[0].replace(". ", ".").lower()]
        if not match[0].endswith("."):
            return words
        rest = match.string[match.end() :]
        ends = not rest.strip() or (words in _ENDS and _NEW_SENTENCE.match(rest))
        return f"{words}." if ends else words

    pattern = "|".join(map(_typed, sorted(table, key=len, reverse=True)))
    return Rule(lazy_pattern(rf"(?<![\w.])(?:{pattern})(?!\w)"), say, tuple(table.items()))


def chat(code: str) -> Rule | None:
    """What is typed short in chat; two capitals are rather a name."""
    table = _TABLES.get(code, {}).get("chat")
    if not table:
        return None
    return Rule(
        lazy_pattern(rf"(?<![\w'’.:/@-])(?:{any_of(table)})(?![\w'’:/-])", re.IGNORECASE),
        lambda m: m[0] if m[0].isupper() and 1 < len(m[0]) < 3 else table[m[0].lower()],
        tuple(table.items()),
    )


def laughter(text: str, code: str) -> str:
    """``jajajajajaja`` -> jajaja, ``ㅋㅋㅋㅋ`` -> 크크크."""
    laugh = _TABLES.get(code, {}).get("laughter", _USUAL_LAUGH)
    said = laugh["said"]
    text = re.sub(laugh["pattern"], said, text, flags=re.IGNORECASE)
    return _LAUGHING_FACE.sub("" if code in UNSPACED else said, text)


def stretched(text: str, code: str) -> str:
    """``holaaaa`` -> hola; German keeps the three of "Schifffahrt"."""
    if code in UNSPACED:
        return _STRETCHED_SYLLABLE.sub(r"\1\1\1", text)
    pattern = _STRETCHED_MORE if code in _KEEPS_THREE else _STRETCHED
    short = r"\1\1" if code in _KEEPS_TWO else r"\1"
    return pattern.sub(lambda m: m[0] if m[1] in "IVX" else m.expand(short), text)


def initials(text: str) -> str:
    """``DVD`` -> D V D."""
    return _INITIALS.sub(lambda m: " ".join(m[0]), text)


def signs(text: str, grammar: Grammar) -> str:
    """What is left of signs, in words where a reader says them."""
    wording = WORDINGS[grammar.code]
    gap = " " if grammar.spaced or grammar.code == "ko" else ""

    def between(word: str) -> str:
        return f"{gap}{word.strip()}{gap}"

    text = re.sub(r" ?(?:-+>|=+>|→|➜|➡|⇒|⟶) ?", ", ", text)
    text = re.sub(r"<-+|<=+|←|⇐", " ", text)
    text = re.sub(r" ?!==? ?", ", ", text)
    text = re.sub(r"(?<=[\w,]) {0,2}&+ {0,2}(?=\w)", between(wording.and_), text)
    text = re.sub(r"\b([Cc])\+\+", rf"C {grammar.plus.strip()} {grammar.plus.strip()}", text)
    text = re.sub(r"(?<=\w) ?={1,3} ?(?=\w)", between(grammar.equals), text)
    text = re.sub(r"(?<=\w) \+ (?=\w)|(?<=\w)\+(?!\w)|(?<!\S)\+(?=\w)", between(grammar.plus), text)
    text = re.sub(r"(?<!\w)#(?=\w)", f"{wording.hashtag}{gap}", text)
    text = text.replace("∞", between(grammar.infinity))
    return re.sub(r"(?<=\w) ?%+", f"{gap}{grammar.percent.replace('{n}', '').strip()}", text)
