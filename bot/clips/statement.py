"""The sentence that a member says aloud to show that a voice is theirs.

It is made of words drawn at random, so that no older recording has it. English, since the
recogniser knows no other language; who finds the words hard is given digits.
"""

import random

import msgspec

#: A change of the sentence or of what is asked of its recording raises the version.
STATEMENT_VERSION = 1
LEAD = "This is my own voice, and this bot may use it"

#: Common nouns of two syllables and more. Any two differ in at least 55 % of their phonemes.
WORDS = tuple(
    "afternoon airplane alphabet ambulance animal autumn avocado bakery balloon basket bottle "
    "butter cabbage camera carpet chicken circle coconut coffee corner crocodile cucumber curtain "
    "december dentist diamond dinner doctor dolphin eagle elephant elevator engine envelope "
    "evening finger flower football furniture gardener grandmother guitar hamburger helicopter "
    "honey hotel hurricane jellyfish keyboard ladder library lighthouse melody monkey mushroom "
    "mystery notebook ocean octopus office orange orchestra paper passenger peacock penguin piano "
    "picture pillow pineapple postcard potato pumpkin radio restaurant sandwich saxophone season "
    "shoulder silver snowflake spaghetti spider strawberry submarine suitcase table teacher "
    "television toothbrush trumpet umbrella valley vanilla velvet volcano wagon waterfall whistle "
    "window wizard".split()
)
DIGITS = tuple("zero one two three four five six seven eight nine".split())
_WORD_COUNT, _DIGIT_COUNT = 4, 8


class Statement(msgspec.Struct, frozen=True):
    """A sentence; `words` are what is random in it: of `WORDS`, or of `DIGITS`."""

    words: tuple[str, ...]

    @classmethod
    def drawn(cls, source: random.Random, *, digits: bool = False) -> "Statement":
        if digits:
            return cls(tuple(source.choices(DIGITS, k=_DIGIT_COUNT)))
        return cls(tuple(source.sample(WORDS, _WORD_COUNT)))

    @property
    def text(self) -> str:
        return f"{LEAD}: {', '.join(self.words)}."

    @property
    def vocabulary(self) -> tuple[str, ...]:
        return DIGITS if self.words[0] in DIGITS else WORDS
