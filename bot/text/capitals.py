"""What capitals mean: a word that is shouted, or letters to spell.

An English word can be recognised as one by how it begins and ends; what cannot be a word is
spelled, in capitals anywhere and in small letters beside English words. Three letters are spelled
unless they are a known word, more are said if they can be.
"""

import re

from bot.text.abbreviations import ABBREVIATIONS, AMBIGUOUS
from bot.text.expressions import lazy_pattern
from bot.text.vocabulary import (
    BEGIN_WITH_TWO_VOWELS,
    CODAS,
    ENGLISH,
    FOREIGN,
    INITIALISMS,
    LAUGHED,
    ONSETS,
    PERHAPS_ENGLISH,
    SAID_AS_WORDS,
    SHORT_WORDS,
    SPELLED_SMALL,
    WORDS_OF_THREE,
)

WORD = lazy_pattern(r"(?<!\w)(?<!\w')[A-Za-z]+(?:'[A-Za-z]+)?(?!\w)(?!'\w)")
_ROMAN = lazy_pattern(r"(?:V?I{1,3}|IV|IX|X{1,3}(?:IX|IV|V?I{0,3}))")
_PARTS = lazy_pattern(r"([^AEIOUY]*)(?:.*[AEIOUY])?([^AEIOUY]*)", re.DOTALL)
_ENGLISH_END = lazy_pattern(r"(?:...ing|...ed|...ly|'s|n't|'re|'ll|'ve)$")
_VOWEL = lazy_pattern("[AEIOUY]")
_TWO_VOWELS = lazy_pattern("[AEIOU]{2}")
_SHOUTED_WORDS = 3
_MIXED = lazy_pattern(r"[A-Z][a-z][A-Z](?P<many>s?)|[a-z](?P<stem>[A-Z]{2,4})|[A-Z]{3,4}[aex]")
_WORDS_IN_MIXED_CASE = frozenset("WoW LoL CoD DoT NaN".split())
# Between letters that are spelled, as in "USB-C".
_HYPHENED = lazy_pattern(r"(?<= [A-Z])-(?=[A-Z]\b)")
#: What follows a number or a name, and is no word of its own.
_ENDINGS = frozenset("st nd rd th ft vs mr dr mrs ms ll nt".split())
_TRIPLED = lazy_pattern(r"(?<![\w'])(?:([xX]{3,4})([lsLS])|([BCDPTXA])\3\3|IEEE|NAACP|NCAA)(?!\w)")
_TIMES = {3: "triple", 4: "quadruple"}
_NAMES_WITH_PAIRS = {"IEEE": "I triple E", "NAACP": "N double A C P", "NCAA": "N C double A"}
#: Otherwise three of that letter are a scream.
_TRIPLE_A = lazy_pattern(
    r" (?:batter|game|studio|title|rating|compan|insurance|member|bond|credit)"
)
_PACK = lazy_pattern(r"\b(?:times|two|three|four|six|eight|AA or|AA and|AA,) $")
#: Words too, unless figures are spoken of.
_WITH_FIGURES = frozenset({"ERA", "ACT", "WAR", "POD"})
_FIGURES = lazy_pattern(
    r"\b(?:bullpen|innings|Ks|pitch(?:er|ing)|rotation|strikeouts|point|score|scored|tests?|prep|"
    r"S A T|SAT)\b|\b(?:on|took|take|taking|retake) the ACT\b"
)
_WITHOUT_MARK = {"IM": "I'm"}
#: Before these it is a medley of swimmers or a message.
_IS_IM = lazy_pattern(r"\b(?:an?|by|free|fly|meters?|my|on|over|relay|the|via|your) $")
#: Words beside which "us" and "it" in capitals are initials.
_BEFORE_IT = frozenset("ask call contact email an the our my your their his her in".split())
_AFTER_IT = frozenset(
    "admin degree department dept desk guy guys help job people person staff support team".split()
)
_BEFORE_US = frozenset(
    "about all at between both for gave give help join let like of on tell than told with".split()
)


def words_of(text: str) -> list[str]:
    return [m[0] for m in WORD.finditer(text)]


def is_english(words: list[str]) -> bool:
    """Whether a word that hardly another language has is there, or two that few have."""
    lowered = [word.lower() for word in words]
    return any(word in ENGLISH for word in lowered) or sum(map(_is_perhaps_english, lowered)) >= 2


def _is_perhaps_english(word: str) -> bool:
    short = word in ABBREVIATIONS and len(word) > 2
    return word in PERHAPS_ENGLISH or short or _ENGLISH_END.search(word) is not None


def is_foreign(text: str, words: list[str]) -> bool:
    """Whether `text` has a mark or a word of other languages, and no word of English."""
    marked = any(char.isalpha() and not char.isascii() for char in text)
    return (marked or any(word.lower() in FOREIGN for word in words)) and not is_english(words)


def _can_be_said(word: str) -> bool:
    """Whether `word`, in capitals, begins and ends as English words do, with a vowel between."""
    parts = _PARTS.fullmatch(word)
    if not _VOWEL.search(word) or parts is None:
        return False
    onset, coda = parts[1], parts[2]
    if len(word) > 4:
        easy = (len(onset) < 3 or onset in ONSETS) and (len(coda) < 3 or coda in CODAS)
        return easy or len(word) > 5
    return (not onset or onset in ONSETS) and (not coda or coda in CODAS)


def _is_word(word: str) -> bool:
    """Whether `word`, in capitals and in English, is read as a word."""
    if word in SAID_AS_WORDS or word in SHORT_WORDS or word in LAUGHED:
        return True
    if len(word) <= 3:
        return word in WORDS_OF_THREE
    if len(word) == 4 and _TWO_VOWELS.match(word):
        return word in BEGIN_WITH_TWO_VOWELS
    return _can_be_said(word)


def tripled(text: str) -> str:
    """``XXXL`` -> triple X L, ``IEEE`` -> I triple E; a scream such as ``AAA`` stays."""

    def word(match: re.Match[str]) -> str:
        sized, size, graded = match.groups()
        if sized:
            return f"{_TIMES[len(sized)]} X {size.upper()}"
        battery = _TRIPLE_A.match(text, match.end()) or _PACK.search(text, 0, match.start())
        if graded == "A" and not battery:
            return match[0]
        return f"triple {graded}" if graded else _NAMES_WITH_PAIRS[match[0]]

    return _TRIPLED.sub(word, text)


def capitals(text: str) -> str:
    """Lower what is shouted, spell what is an initialism: ``STOP IT NOW``, ``the FBI``."""
    words = [word for word in words_of(text) if len(word) > 1]
    english = not is_foreign(text, words)
    shouted = sum(
        word.isupper() and word not in INITIALISMS and word not in SAID_AS_WORDS for word in words
    )
    shouting = shouted >= _SHOUTED_WORDS and shouted * 2 >= len(words)
    emphasised = sum(
        word.isupper() and word not in INITIALISMS and word not in SAID_AS_WORDS and _is_word(word)
        for word in words
    ) - sum(map(words.count, ("US", "IT", "WHO")))

    def word(match: re.Match[str]) -> str:
        token = match[0]
        if len(token) < 2:
            return token
        if not token.isupper():
            if mixed := _MIXED.fullmatch(token):
                return _in_mixed_case(mixed)
            return _plural(token, english) or (_small(token) if english else token)
        if token.lower() in ABBREVIATIONS:
            return token
        if "'" in token:
            return token[0] + token[1:].lower() if token.startswith("I'") else token.lower()
        if token in INITIALISMS or (
            token in _WITH_FIGURES and not shouting and _FIGURES.search(text)
        ):
            return " ".join(token)
        if english and token in _WITHOUT_MARK:
            initials = _IS_IM.search(text, 0, match.start()) is not None
            return " ".join(token) if initials else _WITHOUT_MARK[token]
        if token in SAID_AS_WORDS or _ROMAN.fullmatch(token):
            return token
        if token in {"US", "IT", "WHO"}:
            initials = emphasised == 0 and len(words) > 1 and _is_name(match)
            return " ".join(token) if initials else token.lower()
        if shouting:
            return token.lower() if _can_be_said(token) or not english else _spelled(token)
        return token.lower() if _is_said(token, english) else " ".join(token)

    return _HYPHENED.sub(" ", WORD.sub(word, text))


def _is_said(token: str, english: bool) -> bool:
    if token in SHORT_WORDS or token in LAUGHED:
        return True
    if len(token) == 2 or not _VOWEL.search(token):
        return len(token) > 4 and not english
    return _is_word(token) if english else True


def _spelled(token: str) -> str:
    return token.lower() if token in SHORT_WORDS or token in LAUGHED else " ".join(token)


def _plural(token: str, english: bool) -> str:
    """``APIs`` and ``FBI's``, or "" for anything else."""
    stem = token.removesuffix("s").removesuffix("'")
    if stem == token or len(stem) < 2 or not stem.isupper() or stem.lower() in ABBREVIATIONS:
        return f"{' '.join(stem)}'s" if stem != token and stem in INITIALISMS else ""
    if stem in INITIALISMS or (stem not in SAID_AS_WORDS and not _is_said(stem, english)):
        return f"{' '.join(stem)}'s"
    return ""


def _small(token: str) -> str:
    """Spell small letters that no word could be made of, such as ``ssd``."""
    known = token in ABBREVIATIONS or token in AMBIGUOUS or token in _ENDINGS
    letters = token.upper()
    if letters in SPELLED_SMALL and letters != "UPS":
        return " ".join(letters)
    if letters.removesuffix("S") in SPELLED_SMALL:
        return " ".join(letters.removesuffix("S")) + ("'s" if letters.endswith("S") else "")
    if known or "'" in token or not token.islower() or letters in SHORT_WORDS or len({*token}) == 1:
        return token
    begins = _PARTS.match(letters)
    impossible = begins and len(begins[1]) > 2 and len(token) < 5 and begins[1] not in ONSETS
    return " ".join(letters) if impossible or not _VOWEL.search(letters) else token


def _in_mixed_case(match: re.Match[str]) -> str:
    """``PvP`` -> P V P, ``DnD`` -> D and D, ``mRNA`` -> m R N A, ``PCIe`` -> P C I E."""
    stem, many = match["stem"], match["many"]
    token = match[0].removesuffix(many or "")
    if stem and stem not in INITIALISMS and _is_word(stem):
        return token
    if token in _WORDS_IN_MIXED_CASE:
        return match[0].lower()
    said = " ".join(token.upper()) if token[1] != "n" else f"{token[0]} and {token[2]}"
    return f"{said}'s" if many else said


def _is_name(match: re.Match[str]) -> bool:
    """Whether ``US``, ``IT`` or ``WHO`` is a name, by the words beside it."""
    before = match.string[max(match.start() - 12, 0) : match.start()].lower().split()[-1:]
    after = match.string[match.end() : match.end() + 12].split()[:1]
    if match[0] == "WHO":
        return before == ["the"]
    if match[0] == "US":
        return not any(one in _BEFORE_US for one in before)
    if before and before[0] in {"to", "from", "with"} and re.search(r"\bit\b", match.string):
        return True
    return any(one in _BEFORE_IT for one in before) or any(one in _AFTER_IT for one in after)
