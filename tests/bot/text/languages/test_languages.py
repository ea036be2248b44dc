"""What people type on Discord in other languages than English, and what a person would say.

Lines and readings are written for these tests by the bot's authors. Numbers were compared with
ICU 78.3's own spelling, names of units, months and currencies come from CLDR; nobody who grew up
with these languages has read them yet.
"""

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.text import Names, Pronunciations, TextLimits, chunks, explain, speakable
from bot.text.languages import GRAMMARS, quantities, writing
from bot.text.languages.forms import rules_of
from bot.text.rule import Rule
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
RULES = [
    pytest.param(code, name, rule, id=f"{code}-{name}")
    for code, grammar in GRAMMARS.items()
    for name, rule in rules_of(grammar).items()
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
