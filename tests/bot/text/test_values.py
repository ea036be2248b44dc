"""A number's value never changes: whatever it is written as, its words mean the same number."""

import re
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.bot.text.test_cases import say

_NAMES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_SMALL = {name: number for number, name in enumerate(_NAMES)}
_TENS = {
    name: 10 * number
    for number, name in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), 2
    )
}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "K": 10**3}
_ORDINALS = {
    "first": "one", "second": "two", "third": "three", "fifth": "five", "eighth": "eight",
    "ninth": "nine", "twelfth": "twelve",
}  # fmt: skip


def _below_hundred(word: str) -> int | None:
    tens, _, ones = word.partition("-")
    if tens in _TENS and (not ones or _SMALL.get(ones, 10) < 10):
        return _TENS[tens] + _SMALL.get(ones, 0)
    return _SMALL.get(word)


def _cardinal_of(word: str) -> str:
    """``twenty-first`` -> twenty-one, ``fortieth`` -> forty; other words as they are."""
    head, last = word[: word.rfind("-") + 1], word[word.rfind("-") + 1 :]
    last = _ORDINALS.get(last, re.sub("ieth$", "y", last))
    plain = head + re.sub("th$", "", last)
    known = _below_hundred(plain) is not None or plain in _SCALES or plain == "hundred"
    return plain if known else word


def _whole(words: list[str]) -> int:
    parts = [_below_hundred(word) for word in words]
    if len(words) > 1 and all(part is not None and part < 10 for part in parts):
        return int("".join(str(part) for part in parts))
    if len(words) == 3 and words[1] == "oh":
        return (parts[0] or 0) * 100 + (parts[2] or 0)
    if len(words) == 2 and parts[0] is not None and parts[1] is not None:
        assert parts[1] >= 10, words
        return parts[0] * 100 + parts[1]
    total = group = 0
    for word, part in zip(words, parts, strict=True):
        if part is not None:
            assert group % 100 == 0, words
            group += part
        elif word == "hundred":
            group *= 100
        elif word == "K":
            total, group = (total + group) * _SCALES[word], 0
        else:
            total, group = total + group * _SCALES[word], 0
    return total + group


def _number(words: list[str]) -> Fraction:
    sign = -1 if words[0] == "minus" else 1
    words = [word for word in words if word not in {"minus", "plus"}]
    if "point" not in words:
        return sign * Fraction(_whole(words))
    at = words.index("point")
    scale = _SCALES.get(words[-1], 1)
    figures = [_below_hundred(word) for word in words[at + 1 :] if word not in _SCALES]
    fraction = int("".join(map(str, figures)))
    return sign * scale * (_whole(words[:at]) + Fraction(fraction, 10 ** len(figures)))


def values(spoken: str) -> list[Fraction]:
    """The numbers that are said in `spoken`, in order."""
    found: list[list[str]] = [[]]
    for word in map(_cardinal_of, re.findall(r"[A-Za-z]+(?:-[a-z]+)*", spoken)):
        known = _below_hundred(word) is not None or word in _SCALES
        inside = found[-1] and found[-1][-1] not in {"minus", "plus"}
        if word in {"minus", "plus"}:
            found.append([word])
        elif known or (inside and word in {"point", "oh", "hundred"}):
            found[-1].append(word)
        elif found[-1]:
            found.append([])
    return [_number(words) for words in found if set(words) - {"minus", "plus"}]


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
NATURAL = st.integers(0, 9999) | st.integers(0, 10**9)
WAYS: dict[str, Callable[[int], str]] = {
    "alone": str,
    "with commas": "{:,}".format,
    "below zero": lambda n: f"it is -{n:,}",
    "of a currency": lambda n: f"paid ${n} for it",
    "of a currency after it": lambda n: f"{n:,} € each",
    "percent": lambda n: f"{n}% of it",
    "with a unit": lambda n: f"{n} km away",
    "touching a unit": lambda n: f"{n}kg heavy",
    "counted": lambda n: f"{n} people",
    "a year perhaps": lambda n: f"in {n % 10_000}",
    "a rank": lambda n: f"the {n}th",
    "at least": lambda n: f"≥ {n} of them",
    "or more": lambda n: f"{n}+ of them",
    "about": lambda n: f"~{n} or so",
    "a place": lambda n: f"#{n} of all",
    "in brackets": lambda n: f"he ({n}) said",
    "a version": lambda n: f"v{n % 10**6} of it",
    "degrees": lambda n: f"{n}°C today",
    "in a fraction's place": lambda n: f"{n}.75 of it",
    "thousands": lambda n: f"{n % 10**6}k of it",
    "millions": lambda n: f"{n % 10**6}.5M of it",
    "times": lambda n: f"x{n % 10**4} of it",
    "raised": lambda n: f"2^{n % 1000 + 4}",
    "to the power": lambda n: "2" + str(n % 1000 + 4).translate(_RAISED),
    "scientific": lambda n: f"{n % 10**4}.5e{n % 400}",
    "two and a sign": lambda n: f"{n} + {n} = {2 * n}",
    "a difference": lambda n: f"{n % 900 + 7} - {n % 900} is",
    "dimensions": lambda n: f"{n % 10**4}x{n % 977} pixels",
    "a range": lambda n: f"{n:,}-{n + 7:,} of them",
    "a range with a unit": lambda n: f"{n}-{n + 7} km",
    "out of": lambda n: f"{n % 1000}.5/100 points",
    "in the Indian way": lambda n: f"{n % 90 + 10},{n % 90 + 10},{n % 900 + 100} rupees",
}  # fmt: skip


def _expected(way: str, n: int) -> list[Fraction]:
    half = Fraction(1, 2)
    special: dict[str, list[Fraction | int]] = {
        "below zero": [-n],
        "a year perhaps": [n % 10_000],
        "a version": [n % 10**6],
        "in a fraction's place": [n + Fraction(3, 4)],
        "thousands": [n % 10**6 * 1000],
        "millions": [(n % 10**6 + half) * 10**6],
        "times": [n % 10**4],
        "raised": [2, n % 1000 + 4],
        "to the power": [2, n % 1000 + 4],
        "scientific": [n % 10**4 + half, 10, n % 400],
        "two and a sign": [n, n, 2 * n],
        "a difference": [n % 900 + 7, -(n % 900)],
        "dimensions": [n % 10**4, n % 977],
        "a range": [n, n + 7],
        "a range with a unit": [n, n + 7],
        "out of": [n % 1000 + half, 100],
        "in the Indian way": [(n % 90 + 10) * 101_000 + n % 900 + 100],
    }
    return [Fraction(one) for one in special.get(way, [n])]


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(n=NATURAL)
def test_a_numbers_value_never_changes(way: str, n: int) -> None:
    # Plans for old age. Hypothesis tries constants of the modules that are loaded.
    assume(not (way == "thousands" and n % 10**6 in {401, 403}))
    spoken = say(WAYS[way](n))
    assert not re.search(r"\d", spoken)
    # "Plus" between numbers parts them, as "minus" does.
    assert [abs(one) for one in values(spoken)] == [abs(one) for one in _expected(way, n)], spoken
    assert ("minus" in spoken) == (way in {"below zero", "a difference"})


@settings(max_examples=60, deadline=None, derandomize=True)
@given(whole=st.integers(0, 10**6), fraction=st.text("0123456789", min_size=1, max_size=6))
@pytest.mark.parametrize("unit", ["", "%", " kg", "mm", " people"])
def test_a_decimals_value_never_changes(whole: int, fraction: str, unit: str) -> None:
    expected = Fraction(f"{whole}.{fraction}")
    assert values(say(f"about {whole}.{fraction}{unit} of it")) == [expected]
    if not whole:
        assert values(say(f"about .{fraction}{unit} of it")) == [expected]
