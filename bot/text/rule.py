"""What a rule is: a form that people write in, how a language says it, and examples of both.

Every repetition in a pattern is bounded, so that the time is linear in the text.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.text.expressions import lazy_pattern, sub_apart

Match = re.Match[str]


@dataclass(frozen=True, slots=True)
class Rule:
    """A form of writing, and how a language says it.

    `say` returns the words for a match, or what it matched where the form only looks alike. An
    example is (typed, what this rule alone makes of it) and, where other steps change that
    further, what is spoken. No text matches that has none of `needs` in it, in small letters, or of
    which `about` finds nothing: most texts are spared most patterns so, and what a text is about is
    looked for once, not for each match.
    """

    pattern: re.Pattern[str]
    say: Callable[[Match], str]
    examples: tuple[tuple[str, ...], ...]
    spaced: bool = True
    needs: tuple[str, ...] = ()
    about: Callable[[str], object] | None = None

    def apply(self, text: str) -> str:
        """Return `text` with each match in words, if `spaced` with spaces around them."""
        return apply_all((self,), text)

    def replace(self, text: str) -> str:
        """As `apply`, of a text that has one of `needs` in it."""
        if self.about and not self.about(text):
            return text
        if self.spaced:
            return sub_apart(self.pattern, self.say, text)
        return self.pattern.sub(self.say, text)


def apply_all(
    rules: Iterable[Rule], text: str, *, while_: Callable[[str], object] | None = None
) -> str:
    """`text` after one rule after the other, for as long as `while_` finds something in it.

    Most texts meet a handful of hundreds of rules, so what all of them ask is done once for a text.
    """
    if while_ is not None and not while_(text):
        return text
    small = text.lower()
    for one in rules:
        if one.needs:
            for need in one.needs:
                if need in small:
                    break
            else:
                continue
        said = one.replace(text)
        if said is not text and said != text:
            text, small = said, said.lower()
            if while_ is not None and not while_(text):
                break
    return text


def rule(
    pattern: str,
    say: Callable[[Match], str],
    *examples: tuple[str, ...],
    flags: int = 0,
    spaced: bool = True,
    needs: tuple[str, ...] = (),
    about: Callable[[str], object] | None = None,
) -> Rule:
    return Rule(lazy_pattern(pattern, flags), say, examples, spaced, needs, about)


def always(
    pattern: str,
    words: str,
    *examples: tuple[str, ...],
    flags: int = 0,
    needs: tuple[str, ...] = (),
) -> Rule:
    """A rule that says `words` for each match, with what `Match.expand` fills in."""
    return rule(
        pattern, lambda m: m.expand(words), *examples, flags=flags, spaced=False, needs=needs
    )
