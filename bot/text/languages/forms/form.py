"""What a form is: a way that figures are written, which becomes a rule of each language with it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.text.expressions import lazy_pattern
from bot.text.languages.grammar import Grammar
from bot.text.rule import Match, Rule

#: Between two numbers that are said as one word; `quantities` makes it an ordinary hyphen.
HYPHEN = "\u2011"


@dataclass(frozen=True, slots=True)
class WrittenForm:
    """How figures are written, and how a grammar says them.

    `pattern` is an expression, or returns one for a language, None for one that does not write so.
    `apart` puts spaces between words and what they touch, in languages that have spaces.
    """

    name: str
    pattern: str | Callable[[Grammar], str | None]
    say: Callable[[Grammar, Match], str]
    flags: int = re.IGNORECASE
    apart: bool = True

    def rule(self, grammar: Grammar) -> Rule | None:
        """The form as a rule of a language, beside the language's own examples."""
        pattern = self.pattern if isinstance(self.pattern, str) else self.pattern(grammar)
        if pattern is None:
            return None
        return Rule(
            lazy_pattern(pattern, self.flags),
            lambda match: self.say(grammar, match),
            grammar.examples.get(self.name, ()),
            spaced=self.apart and grammar.spaced,
        )


def before(match: Match, most: int = 24) -> str:
    return match.string[max(0, match.start() - most) : match.start()]


def word_after(match: Match, most: int = 30) -> str:
    found = re.match(r" ?([^\W\d_]+)", match.string[match.end() : match.end() + most])
    return found[1] if found else ""


def between(grammar: Grammar, word: str) -> str:
    """A word between two others, in languages that have spaces with one on each side."""
    return f" {word} " if grammar.spaced else word
