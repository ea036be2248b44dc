"""What people type on Discord in other languages than English, and what a person would say.

Lines and readings are written for these tests by the bot's authors. Numbers were compared with
ICU 78.3's own spelling, names of units, months and currencies come from CLDR; nobody who grew up
with these languages has read them yet.
"""

import re
import tomllib
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.text import Pronunciations, TextLimits, speakable
from bot.text.languages import GRAMMARS, quantities
from bot.text.languages.forms import rules_of
from bot.text.wording import WORDINGS
from engine.weights.models import MULTILINGUAL
from tests.bot.text.test_cases import NAMES, NOW

FOLDER = Path(__file__).parent
TABLES = {
    path.stem: [tuple(case) for case in tomllib.loads(path.read_text("utf-8"))["cases"]]
    for path in sorted(FOLDER.glob("*.toml"))
}
CASES = [
    pytest.param(language, typed, read, id=f"{language}-{number}")
    for language, cases in TABLES.items()
    for number, (typed, read) in enumerate(cases)
]


def say(text: str, language: str, now: datetime = NOW) -> str:
    return speakable(
        text,
        names=NAMES,
        limits=TextLimits(),
        pronunciations=Pronunciations(),
        now=now,
        language=language,
    ).text


@pytest.mark.parametrize(("language", "typed", "read"), CASES)
def test_is_read_as_a_person_would(language: str, typed: str, read: str) -> None:
    assert say(typed, language) == read


def test_twelve_languages_and_more_have_25_lines_each() -> None:
    assert len(TABLES) >= 12
    assert min(len({typed for typed, _ in cases}) for cases in TABLES.values()) >= 25


@pytest.mark.parametrize("code", GRAMMARS)
def test_rules_say_their_examples_alone_and_among_all(code: str) -> None:
    for name, rule in rules_of(GRAMMARS[code]).items():
        assert rule.examples, name
        for typed, alone, *spoken in rule.examples:
            assert rule.apply(typed) == alone, name
            assert quantities(typed, code) == (spoken[-1] if spoken else alone), name
        assert any(typed != alone for typed, alone, *_ in rule.examples), name


@pytest.mark.parametrize("code", GRAMMARS)
def test_every_example_is_of_a_form_that_the_language_has(code: str) -> None:
    assert set(GRAMMARS[code].examples) == set(rules_of(GRAMMARS[code]))


def test_every_language_of_the_model_has_words_and_figures() -> None:
    assert set(WORDINGS) == set(MULTILINGUAL)
    assert {"en", *GRAMMARS} == set(MULTILINGUAL)


# -- what holds for any text ----------------------------------------------------------------------

OTHERS = st.sampled_from(sorted(GRAMMARS))
FIGURES = st.sampled_from(
    "0 1 2 3 10 007 21 101 1.500 1,500 1 500 3,14 3.14 .5 ,5 -5 +5 5- 10:30 24:00 17h30 1/2 7/10 "
    "½ 2½ x² 10⁻³ 2024 15.06.2024 15/06 2024-06-15 31.12. 5€ €5,50 -5€ $5 100 kr 50% -20% 3:1 5-10 "
    "5–10 3,5km -5 °C 20° 1st 3. 2ª 1º 3:e 2-я 1er v2.1 1.2.3 192.168.0.1 5k 2x x3 2+2 2^3 5 * 3 "
    "√2 ≤5 >=5 ±3 ~20 18+ #1 № 5 +49 170 1234567 0170 1234567 99999999999999999999 ٣ १५ ３ ① Ⅳ 5G "
    "PS5 3匹 3명 5кг B2B 1e9 5.5.5 ² 1,2,3 ⅞ 1-2-3 00:00:00 99:99".split(" ")
)
#: A language, and what it makes rules of: examples of them, figures, and marks between.
TYPED = st.sampled_from(sorted(GRAMMARS)).flatmap(
    lambda code: st.tuples(
        st.just(code),
        st.lists(
            st.sampled_from(
                [typed for examples in GRAMMARS[code].examples.values() for typed, *_ in examples]
            )
            | FIGURES
            | st.sampled_from([".", ",", "-", "(", ")", "\n", "%", "€", "/", ":", "и", "月", "명"]),
            max_size=6,
        ),
    )
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(TYPED, st.sampled_from(["", " "]))
def test_no_figure_reaches_the_engine(typed: tuple[str, list[str]], between: str) -> None:
    code, parts = typed
    spoken = say(between.join(parts), code)
    left = [char for char in spoken if char.isdigit() or (char.isnumeric() and not char.isalpha())]
    assert not left, spoken


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    OTHERS,
    st.sampled_from(["-", "+", "≤", "≥", "−"]),
    st.integers(0, 10**6).map(str) | st.decimals(0, 99, places=2).map(str),
    st.sampled_from(["", "%", " °C", "mm", " kg", "€", " €"]),
    st.sampled_from(["", "= ", "("]),
)
def test_a_sign_is_never_lost(code: str, sign: str, number: str, unit: str, before: str) -> None:
    grammar = GRAMMARS[code]
    words = {
        "-": grammar.minus,
        "−": grammar.minus,
        "+": grammar.plus,
        "≤": grammar.at_most,
        "≥": grammar.at_least,
    }
    assert words[sign].strip() in say(f"{before}{sign}{number}{unit}", code)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(OTHERS, st.integers(0, 10**15 - 1))
def test_a_number_is_said_as_it_is_counted(code: str, number: int) -> None:
    assert quantities(str(number), code)
    if number >= 3:
        assert quantities(str(number), code) != quantities(str(number - 1), code)


@pytest.mark.parametrize("code", GRAMMARS)
def test_words_of_ours_are_not_english(code: str) -> None:
    line = "<@99> <@&99> <#99> ||x|| ```py\nx\ny``` https://a.example/b.png [1](https://a.b) &"
    spoken = say(line, code).lower()
    assert not re.search(r"\b(?:someone|a role|a channel|code block|image link|and)\b", spoken)
    assert WORDINGS[code].someone in say("<@99>", code)


def test_a_language_that_nothing_is_read_in_is_refused() -> None:
    with pytest.raises(ValueError, match="'cs'"):
        say("ahoj", "cs")
