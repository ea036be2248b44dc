"""Numbers themselves: ordinals, ranges, fractions, thousands, and every figure that is left."""

import re

from bot.text.expressions import any_of
from bot.text.languages.forms.form import HYPHEN, WrittenForm, before, between, word_after
from bot.text.languages.grammar import Grammar
from bot.text.languages.spelling import spelled
from bot.text.rule import Match


def scaled(g: Grammar, typed: str, scale: str | None) -> str:
    """``1,5`` thousands -> 1500; as it is typed where that is no whole number."""
    if not scale:
        return typed
    value = g.parsed(typed).amount * 10 ** g.scales[scale.lower()]
    return f"{value:f}".partition(".")[0] if value == int(value) else typed


def _thousands(g: Grammar, m: Match) -> str:
    figures = scaled(g, m["n"], m["scale"] or m["k"])
    return m[0] if figures == m["n"] else figures


THOUSANDS = WrittenForm(
    "thousands",
    lambda g: (
        rf"{g.start}(?!(?-i:[248]K))(?P<n>{g.figures})"
        rf"(?:(?P<k>k)| ?(?P<scale>(?!k{g.end})(?:{any_of(g.scales)}))){g.end}"
    ),
    _thousands,
    apart=False,
)


def _ordinal(g: Grammar, m: Match) -> str:
    for index, (_, rules) in enumerate(g.ordinals):
        if m[f"o{index}"] is not None:
            return g.ordinal(int(m["n"]), rules, before(m), word_after(m))
    return m[0]


ORDINAL = WrittenForm(
    "ordinal",
    lambda g: (
        rf"{g.start}(?P<n>\d{{1,4}})(?:"
        + "|".join(f"(?P<o{index}>{suffix})" for index, (suffix, _) in enumerate(g.ordinals))
        + r")(?![^\W\d_])"
        if g.ordinals
        else None
    ),
    _ordinal,
    flags=0,
)


_ROMAN = {"I": 1, "V": 5, "X": 10}


def _century(g: Grammar, m: Match) -> str:
    """``XXI`` -> 21, as the language counts centuries."""
    values = [_ROMAN[letter] for letter in m["roman"]]
    following = [*values[1:], 0]
    number = sum(-one if one < two else one for one, two in zip(values, following, strict=True))
    if g.century is None:
        return m[0]
    return g.century[1](g, number, before(m), word_after(m))


CENTURY = WrittenForm(
    "century",
    lambda g: g.century[0] if g.century else None,
    _century,
    flags=0,
)


def _range(g: Grammar, m: Match) -> str:
    first, last = int(m[1]), int(m[2])
    if first > last:
        won = "-" if g.score == "-" else between(g, g.score)
        return f"{g.whole(m[1])}{won}{g.whole(m[2])}"
    if g.neighbours is not None and last - first == 1 and 0 < first < 9:
        return f"{g.say(first, g.usual)}{g.neighbours}{m[2]}"
    if g.to == "-":
        return f"{g.whole(m[1])}{HYPHEN}{m[2]}"
    return f"{m[1]}{between(g, g.to)}{m[2]}"


RANGE_OF_UNITS = WrittenForm(
    "range of units",
    r"(?P<first>\d ?(?:[%€$£°円元원]|zł|kr|kg|km|cm|mm|ml|GB|MB|min|h)) ?[-–~〜～] ?(?=[€$£]?\d)",
    lambda g, m: f"{m['first']}{HYPHEN if g.to == '-' else between(g, g.to)}",
    apart=False,
)
RANGE = WrittenForm(
    "range",
    lambda g: rf"{g.start}(\d{{1,9}})(?: ?[-–~〜～] ?|:(?=\d(?!\d)))(\d{{1,9}})(?![\d:/-])",
    _range,
    apart=False,
)
_VULGAR = {"½": (1, 2), "¼": (1, 4), "¾": (3, 4), "⅓": (1, 3), "⅔": (2, 3), "⅕": (1, 5),
    "⅖": (2, 5), "⅗": (3, 5), "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8),
    "⅝": (5, 8), "⅞": (7, 8), "⅐": (1, 7), "⅑": (1, 9), "⅒": (1, 10)}  # fmt: skip


def _gender_of(g: Grammar, noun: str) -> str:
    """The gender of what is counted, by how it ends; "" where that does not tell."""
    word = noun.lower()
    return next((gender for end, gender in g.nouns if word and re.search(end, word)), "")


def _below(g: Grammar, number: int) -> str:
    return spelled(g.code, number, g.of_rules) if g.of_rules else g.say(number)


def _fraction(g: Grammar, m: Match) -> str:
    if m["vulgar"]:
        above, below = _VULGAR[m["vulgar"]]
    elif m["above"].isdecimal():
        above, below = int(m["above"]), int(m["below"])
    else:
        return g.of.format(a=g.said(m["above"]), b=_below(g, int(m["below"])))
    if (above, below) == (24, 7):
        return g.joint(g.say(24), g.say(7))
    half = g.half
    if g.half_f and _gender_of(g, word_after(m)) == "f":
        half = g.half_f
    known = {(1, 2): half, (1, 4): g.quarter, (3, 4): g.three_quarters}.get((above, below))
    if known and m["n"]:
        whole = g.say(int(m["n"]))
        if below == 2:
            return g.and_half.format(n=whole)
        return g.joint(whole, known) if not g.spaced else f"{whole} {known}"
    said = known or g.of.format(a=g.say(above), b=_below(g, below))
    return f"{g.say(int(m['n']))} {said}" if m["n"] else said


FRACTION = WrittenForm(
    "fraction",
    lambda g: (
        rf"{g.start}(?:(?P<n>\d{{1,4}}) ?)?(?P<vulgar>[{''.join(_VULGAR)}])|"
        rf"{g.start}(?P<above>\d{{1,6}}(?:[.,]\d{{1,2}})?)/(?P<below>\d{{1,6}})(?![\d/])"
    ),
    _fraction,
)


def _number(g: Grammar, m: Match) -> str:
    # Chinese: an ordinal, which counts nothing.
    after = word_after(m) if not before(m).endswith("第") else ""
    return g.said(m[0], _gender_of(g, after), after)


NUMBER = WrittenForm("number", lambda g: rf"{g.start}{g.figures}(?![.,]\d)", _number)
#: Whatever figure is left, inside a word too.
LEFT = WrittenForm(
    "figures in a word",
    r"\d{1,24}(?:[.,]\d{1,24})?",
    lambda g, m: g.said(m[0], "", word_after(m)),
)
FRACTION_ONLY = WrittenForm(
    "fraction without a whole",
    lambda g: rf"(?<![\w.,])[.,](\d{{1,9}}){g.end}",
    lambda g, m: g.said(f"0{g.decimal}{m[1]}"),
)
