"""What several steps do with regular expressions."""

import re
from collections.abc import Callable, Iterable

_OPENING = "#([{\"'*_~|\u00ab\u201e\u201c"
_CLOSING = ".,!?;:)]}\"'*_~|\u00bb\u201d\u2026%"


def any_of(texts: Iterable[str]) -> str:
    """An expression for any of `texts`, the longest that is there."""
    return "|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))


def sub_apart(pattern: re.Pattern[str], say: Callable[[re.Match[str]], str], text: str) -> str:
    """``pattern.sub(say, text)``, with a space on each side where a word would touch another."""

    def replace(match: re.Match[str]) -> str:
        words = say(match)
        if words == match[0]:
            return words
        before = text[match.start() - 1 : match.start()]
        after = text[match.end() : match.end() + 1]
        left = before and not before.isspace() and before not in _OPENING and words[:1].isalnum()
        if after == "-" and text[match.end() + 1 : match.end() + 2].islower():
            after = ""
        right = after and not after.isspace() and after not in _CLOSING and words[-1:].isalnum()
        return f"{' ' if left else ''}{words}{' ' if right else ''}"

    return pattern.sub(replace, text)
