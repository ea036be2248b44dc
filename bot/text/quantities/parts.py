"""The parts that patterns of several kinds of quantities are made of."""

import re

_WHOLE = r"(?:\d{1,3}(?:,\d{3}){1,4}(?!\d)|\d{1,24})"
NUMBER = rf"{_WHOLE}(?:\.\d{{1,24}})?"
START = r"(?<![\w.,])"
#: A number of which nothing but the fraction may be written.
AMOUNT = rf"(?:{NUMBER}|\.\d{{1,24}})"
SIGN = r"(?:(?<![\w)\]%°])[-\u2212+])?"
#: am or pm, with points or without.
HALF_DAY = r"[AaPp]\.?[Mm]\b"
_ARTICLE = re.compile(r"\b[Aa]n? (?:[a-z-]{1,30}(?: [a-z-]{1,30}){0,3} to )?$")


def after_article(match: re.Match[str]) -> bool:
    """Whether several of something are called as one is: "a six inch pipe"."""
    return _ARTICLE.search(match.string, max(0, match.start() - 80), match.start()) is not None
