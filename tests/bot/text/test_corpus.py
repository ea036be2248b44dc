"""Lines as people write them, read as somebody who did not write the rules would, and heard.

`corpus.toml` has them. Lines that the rules read differently are listed here, so that each change
shows whether they become more or fewer.
"""

import re
import tomllib
import unicodedata
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import jiwer
import pytest

from bot.text import Names, Pronunciations, TextLimits, speakable
from engine.messages import Speak
from engine.speech import SpeechParameters, StockVoice
from tests.recogniser import normalise, words
from tests.stock import stock_engine

LINES: list[tuple[str, str]] = [
    (typed, said)
    for table in tomllib.loads(Path(__file__).with_name("corpus.toml").read_text("utf-8")).values()
    for typed, said in table
]
#: What is said of the lines that a person would read differently.
DIFFERENT: dict[str, str] = {}
#: Lines that are spoken; spread over all tables.
SPOKEN = 16
_CHOICE = re.compile(r"\[([^\]]*)\]")
_SPACED_FIGURES = re.compile(r"(?<=\d) (?=\d)")
_SPACED_LETTERS = re.compile(r"\b[a-z](?: [a-z])+\b")


def say(typed: str) -> str:
    return speakable(
        typed,
        names=Names(users={}, roles={}, channels={}),
        limits=TextLimits(),
        pronunciations=Pronunciations(),
        now=datetime(2024, 6, 15, 12, 0, tzinfo=UTC),
    ).text


def readings(said: str) -> list[str]:
    """Return every reading that the corpus's `[a|b|]` stands for."""
    parts = _CHOICE.split(said)
    options = [part.split("|") if at % 2 else [part] for at, part in enumerate(parts)]
    return ["".join(chosen) for chosen in product(*options)]


def sound(reading: str) -> str:
    """Return what is heard of a reading: no case, no marks but a stop inside a sentence."""
    plain = unicodedata.normalize("NFKD", reading.lower())
    plain = re.sub(r"['’\u0300-\u036f]", "", plain)
    plain = re.sub(r"(?<=\w\w)\.(?= [a-z])", " full stop ", plain)
    plain = re.sub(r"[^\w\s]|_", " ", plain)
    plain = re.sub(r"\b(hundred|thousand|million) and\b", r"\1", plain)
    return " ".join(plain.split())


def test_lines_are_read_as_a_person_would() -> None:
    different = {
        typed: said
        for typed, readable in LINES
        if sound(said := say(typed)) not in map(sound, readings(readable))
    }
    assert different == DIFFERENT
    assert len(LINES) == len(dict(LINES)) >= 300
    assert len(DIFFERENT) <= 0.02 * len(LINES)


@pytest.mark.parametrize(
    ("said", "all_readings"),
    [
        ("one", ["one"]),
        ("[a|one] cup [of|]", ["a cup of", "a cup ", "one cup of", "one cup "]),
    ],
)
def test_readings_are_all_that_the_notation_stands_for(said: str, all_readings: list[str]) -> None:
    assert readings(said) == all_readings


def test_what_differs_in_sound_is_told_apart_and_what_does_not_is_not() -> None:
    assert sound("One Hundred and five, it's José.") == sound("one hundred five its jose")
    assert sound("three tablespoons. soy") != sound("three tablespoons soy")
    assert sound("F B I") != sound("fbi")


def _compared(text: str) -> str:
    """The recogniser writes spelled letters and figures together, or not."""
    joined = _SPACED_FIGURES.sub("", normalise(text))
    return _SPACED_LETTERS.sub(lambda letters: letters[0].replace(" ", ""), joined)


@pytest.mark.slow  # what is read stands above, and engine/stock's tests hear what the voices say
@pytest.mark.timeout(600)
def test_lines_spoken_with_the_stock_voice_are_understood() -> None:
    """About a second of a core for each line. Each voice's words are in engine/stock's tests."""
    engine = stock_engine()
    expected, understood = [], []
    for typed, _ in LINES[:: len(LINES) // SPOKEN][:SPOKEN]:
        said = say(typed)
        job = Speak(job_id=1, text=said, voice=StockVoice(), parameters=SpeechParameters())
        speech = engine.synthesise(job, lambda: False)
        expected.append(_compared(said))
        understood.append(_compared(words(speech.pcm, speech.sample_rate)))
    each = [
        f"{jiwer.wer(one, other):.2f} {one!r} heard as {other!r}"
        for one, other in zip(expected, understood, strict=True)
    ]
    print(*each, sep="\n")
    assert jiwer.wer(expected, understood) <= 0.15, each
