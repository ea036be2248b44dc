"""What several steps do with regular expressions."""

import re
from collections.abc import Callable, Iterable
from typing import Any, cast

_OPENING = "#([{\"'*_~|\u00ab\u201e\u201c"
_CLOSING = ".,!?;:)]}\"'*_~|\u00bb\u201d\u2026%"


_METHODS = ("findall", "finditer", "fullmatch", "match", "search", "split", "sub", "subn")


class _Expression:
    """A pattern that is compiled by the first call of one of its methods."""

    __slots__ = ("_flags", "_written", *_METHODS)

    def __init__(self, written: str, flags: int) -> None:
        self._written, self._flags = written, flags

    def __getattr__(self, name: str) -> Any:
        """Only until it is compiled: a slot that is filled is found without this."""
        compiled = re.compile(self._written, self._flags)
        for method in _METHODS:
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


def lazy_pattern(written: str, flags: int = 0) -> re.Pattern[str]:
    """``re.compile``, done when the pattern is first used.

    There are a thousand here, a line of text meets few of them, and to compile all would take a
    sixth of a second of each start. A function of `re` cannot be given what this returns.
    """
    return cast("re.Pattern[str]", _Expression(written, flags))


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
