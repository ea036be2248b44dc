"""Sounds in a text: "[laugh]" is made by some engines, and would be read aloud by all others.

Until the text is read, a sound stands in it as one character that no other step knows of, so that
nothing is changed or cut within it.
"""

import re
from collections.abc import Collection, Mapping

from bot.text.characters import PLACES
from bot.text.expressions import any_of, lazy_pattern
from bot.text.symbols import tidy
from engine.weights.models import SOUNDS

_LAST = ord(PLACES[-1])
_MARKS: Mapping[str, str] = {sound: chr(_LAST - n) for n, sound in enumerate(SOUNDS)}
_TAGS = {mark: f"[{sound}]" for sound, mark in _MARKS.items()}
_NAMED = str.maketrans(_TAGS)
#: The first of the marks, which are the last of all places.
FIRST_MARK = min(_TAGS)
_ANY = f"[{FIRST_MARK}-{PLACES[-1]}]"
_TAG = lazy_pattern(rf"\[ *({any_of(SOUNDS)}) *\]", re.IGNORECASE)
_REPEATED = lazy_pattern(rf"({_ANY})(?:\s*\1)+")
_APART = lazy_pattern(rf"(?<=[^\s('\"])(?={_ANY})|(?<={_ANY})(?=\w)")
_BEGUN = lazy_pattern(r"^(.*)\[ *([a-z ]*)$", re.IGNORECASE | re.DOTALL)
#: What Discord takes of a choice.
_LONGEST_CHOICE = 100


def marked(text: str, sounds: Collection[str]) -> str:
    """``so [Laugh]!`` with a mark for each of `sounds`; what else is a sound is left out."""

    def mark(match: re.Match[str]) -> str:
        sound = match[1].lower()
        return _MARKS[sound] if sound in sounds else " "

    return settled(_TAG.sub(mark, text))


def settled(text: str) -> str:
    """Have every mark begin a word, and a sound that is repeated made once."""
    return _APART.sub(" ", _REPEATED.sub(r"\1", text))


def named(text: str) -> str:
    """``so [laugh]!`` where a mark stands."""
    return text.translate(_NAMED)


def with_sounds(text: str, sounds: Collection[str]) -> str:
    """What was read already, for an engine that makes no more than `sounds`."""
    if all(match[1] in sounds for match in _TAG.finditer(text)):
        return text
    return named(tidy(marked(text, sounds)))


def fitting(text: str, most: int) -> int:
    """How many characters of `text` are at most `most` once the sounds are named."""
    length = 0
    for at, char in enumerate(text):
        length += len(_TAGS.get(char, char))
        if length > most:
            return at
    return len(text)


def bound(text: str) -> str:
    """Named sounds without a space that a text could be cut at; `unbound` gives it back."""
    return _TAG.sub(lambda tag: tag[0].replace(" ", "\N{NO-BREAK SPACE}"), text)


def unbound(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def completions(typed: str, sounds: Collection[str]) -> list[str]:
    """`typed` with each sound that the bracket at its end may become; all where nothing is yet."""
    begun = _BEGUN.match(typed or "[")
    if begun is None:
        return []
    before, letters = begun[1], begun[2].lower()
    lines = [f"{before}[{sound}]" for sound in sounds if sound.startswith(letters)]
    return [line for line in lines if len(line) <= _LONGEST_CHOICE]
