"""What holds for whole kinds of text: numerals, initialisms, abbreviations, pictures."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text import (
    Pronunciations,
    dotted,
)
from bot.text.abbreviations import ABBREVIATIONS, AMBIGUOUS
from bot.text.rule import Rule
from tests.bot.text.test_properties import say


@pytest.mark.parametrize("number", range(2, 40))
def test_a_roman_numeral_after_a_name_is_the_number_in_figures(number: int) -> None:
    roman = "X" * (number // 10) + " I II III IV V VI VII VIII IX".split(" ")[number % 10]
    for name in ("Chapter", "part", "World War", *(["Shrek"] if len(roman) > 1 else [])):
        assert say(f"{name} {roman} was").text == say(f"{name} {number} was").text
    assert say(f"Henry {roman} was").text == say(f"Henry the {number}th was").text


_SAID_OTHERWISE = re.compile(
    r"[MDCLXVI]+|(.)\1+|.*(.)\2\2.*|X[DL]+|B?R+|[HMGPFSTZ]+|NTH|TSK|MR?S?|DR"
)


@given(st.text("BCDFGHJKLMNPQRSTVWXZ", min_size=2, max_size=5))
def test_letters_without_a_vowel_are_spelled(letters: str) -> None:
    if _SAID_OTHERWISE.fullmatch(letters) or letters.lower() in {*ABBREVIATIONS, *AMBIGUOUS}:
        return
    assert say(f"the {letters} is here").text == f"the {' '.join(letters)} is here"
    assert say(f"the {letters.lower()} is here").text == f"the {' '.join(letters)} is here"


@given(st.text("abcdefghijklmnoprstuvwxyz", min_size=2, max_size=8))
def test_letters_under_a_line_or_raised_are_the_letters(word: str) -> None:
    plain = say(word).text
    assert say("".join(f"{letter}\u0332" for letter in word)).text == plain
    raised = str.maketrans("abcdefghijklmnoprstuvwxyz", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ")
    assert say(word.translate(raised)).text == plain


@pytest.mark.parametrize("rule", dotted.ENGLISH)
def test_no_point_of_an_abbreviation_is_heard_as_the_end_of_a_sentence(rule: Rule) -> None:
    for typed, *_, spoken in rule.examples:
        if spoken == typed or typed.endswith("."):
            continue
        assert "." not in spoken, typed


@given(st.integers(0, 900), st.integers(1, 99))
def test_a_difference_keeps_its_minus(smaller: int, difference: int) -> None:
    assert " minus " in say(f"what is {smaller + difference} - {smaller}").text


@given(st.sampled_from("😂🔥👍❤✅"), st.integers(1, 30), st.sampled_from(["", " "]))
def test_a_repeated_picture_is_said_once_with_an_entry_as_without(
    picture: str, times: int, between: str
) -> None:
    entries = Pronunciations(server={picture: "quite so"})
    typed = f"ok{between.join(picture * times)}"
    assert say(typed, entries=entries).text == "okay quite so"
