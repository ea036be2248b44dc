"""What a rule is: a form that people write in, how a language says it, and examples of both.

Every repetition in a pattern is bounded, so that the time is linear in the text.
"""

import re
from collections.abc import Callable
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
        if self.needs:
            small = text.lower()
            for need in self.needs:
                if need in small:
                    break
            else:
                return text
        if self.about and not self.about(text):
            return text
        if self.spaced:
            return sub_apart(self.pattern, self.say, text)
        return self.pattern.sub(self.say, text)


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
