"""Whether a text has a word or a phrase of a list, however it is dressed up."""

import re
from functools import lru_cache

from bot.text.characters import clean_characters
from bot.text.expressions import lazy_pattern

#: Scripts that put no space between words: in them a word is found inside of others.
_UNSPACED = lazy_pattern("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ua4cf\uf900-\ufaff]")


def has_listed_words(text: str, listed: str | None) -> bool:
    """Whether one of the entries of `listed`, with commas between, stands in `text` as a whole."""
    return listed is not None and _pattern(listed).search(_plain(text)) is not None


@lru_cache(maxsize=256)
def _pattern(listed: str) -> re.Pattern[str]:
    entries = [_plain(entry) for entry in listed.split(",")]
    found = [
        re.escape(entry) if _UNSPACED.search(entry) else rf"(?<!\w){re.escape(entry)}(?!\w)"
        for entry in entries
        if entry
    ]
    return lazy_pattern("|".join(found) or r"(?!)")


def _plain(text: str) -> str:
    """As it is compared: nothing hidden between letters, one space between words."""
    return " ".join(clean_characters(text).casefold().split())
