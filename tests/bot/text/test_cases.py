"""What people type on Discord, beside what a person would read aloud."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.text import Names, Pronunciations, TextLimits, explain, speakable

NOW = datetime(2024, 6, 15, 12, 0, tzinfo=UTC)
NAMES = Names(
    users={
        80351110224678912: "Nelly",
        200000000000000002: "Max Power",
        300000000000000003: "Александр Петрович Иванов",
    },
    roles={165511591545143296: "Moderators"},
    channels={103735883630395392: "general-chat", 103735883630395393: "off-topic"},
)
FOLDER = Path(__file__).parent / "cases"
TABLES = {
    path.stem: [tuple(case) for case in tomllib.loads(path.read_text("utf-8"))["cases"]]
    for path in sorted(FOLDER.glob("*.toml"))
}


def say(text: str) -> str:
    return speakable(
        text, names=NAMES, limits=TextLimits(), pronunciations=Pronunciations(), now=NOW
    ).text


@pytest.mark.parametrize("table", TABLES)
def test_is_read_as_a_person_would(table: str) -> None:
    """All of a table in one test: as one each they cost a core twice what reading them does."""
    wrong = [(typed, said, read) for typed, read in TABLES[table] if (said := say(typed)) != read]
    assert wrong == []


def test_every_table_was_found_and_together_they_are_many() -> None:
    assert len(TABLES) == 14
    assert len({typed for cases in TABLES.values() for typed, _ in cases}) >= 250


def test_explain_ends_with_what_is_spoken_and_names_each_step() -> None:
    steps = explain(
        "**brb** in 5 :)",
        names=NAMES,
        limits=TextLimits(),
        pronunciations=Pronunciations(server={"brb": "bee are bee"}),
        now=NOW,
    )
    after = dict(steps)
    assert after["formatting"] == "brb in 5 :)"
    assert after["pronunciations"] == "bee are bee in 5 :)"
    assert after["numbers"] == "bee are bee in five smiley"
    assert steps[-1] == ("spoken", "bee are bee in five smiley")
    assert len(after) == len(steps)
