"""What a rule is, and the parts that patterns of several kinds are made of.

Every repetition in a pattern is bounded, so that the time is linear in the text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.text.expressions import sub_apart

Match = re.Match[str]

_WHOLE = r"(?:\d{1,3}(?:,\d{3}){1,4}(?!\d)|\d{1,24})"
NUMBER = rf"{_WHOLE}(?:\.\d{{1,24}})?"
START = r"(?<![\w.,])"
SIGN = r"(?:(?<![\w)\]%°])[-\u2212])?"
#: am or pm, with points or without.
HALF_DAY = r"[AaPp]\.?[Mm]\b"


@dataclass(frozen=True, slots=True)
class Rule:
    """A form that figures are written in, and how a language says it.

    `say` returns the words for a match, or what it matched where the form only looks alike. An
    example is (typed, what this rule alone makes of it) and, where other steps change that
    further, what is spoken.
    """

    pattern: re.Pattern[str]
    say: Callable[[Match], str]
    examples: tuple[tuple[str, ...], ...]
    spaced: bool = True

    def apply(self, text: str) -> str:
        """Return `text` with each match in words, if `spaced` with spaces around them."""
        if self.spaced:
            return sub_apart(self.pattern, self.say, text)
        return self.pattern.sub(self.say, text)


def rule(
    pattern: str,
    say: Callable[[Match], str],
    *examples: tuple[str, ...],
    flags: int = 0,
    spaced: bool = True,
) -> Rule:
    return Rule(re.compile(pattern, flags), say, examples, spaced)
