"""A translation that would be shown badly, or not at all, is found before anybody reads it."""

from pathlib import Path

import pytest

from bot.catalogue.checking import problems

TEMPLATE = r"""
msgid "{member} wrote to {channel}."
msgstr ""

#. At most 10 characters.
msgid "Keep"
msgstr ""

msgid "None yet. `/voice register` makes **one**."
msgstr ""

msgid "{count} voice"
msgid_plural "{count} voices"
msgstr[0] ""
msgstr[1] ""

msgctxt "command"
msgid "say"
msgstr ""

msgctxt "command"
msgid "stop"
msgstr ""
"""
GERMAN = r"""
msgid "{member} wrote to {channel}."
msgstr "{member} schrieb in {channel}."

msgid "Keep"
msgstr "Behalten"

msgid "None yet. `/voice register` makes **one**."
msgstr "Noch keine. `/voice register` macht **eine**."

msgid "{count} voice"
msgid_plural "{count} voices"
msgstr[0] "{count} Stimme"
msgstr[1] "{count} Stimmen"

msgctxt "command"
msgid "say"
msgstr "sagen"

msgctxt "command"
msgid "stop"
msgstr "halt"
"""


def found(folder: Path, catalogue: str) -> list[str]:
    (folder / "messages.pot").write_text(TEMPLATE, encoding="utf-8")
    (folder / "de.po").write_text(catalogue, encoding="utf-8")
    return problems(folder / "de.po", folder / "messages.pot")


def test_a_complete_catalogue_has_no_problem(tmp_path: Path) -> None:
    assert found(tmp_path, GERMAN) == []


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('msgctxt "command"\nmsgid "stop"\nmsgstr "halt"\n', "", "is missing"),
        ('msgid "Keep"', 'msgid "Held"', "is not used"),
        ('msgstr "Behalten"', 'msgstr ""', "is not translated"),
        ('msgid "Keep"', '#, fuzzy\nmsgid "Keep"', "is marked as fuzzy"),
        ("schrieb in {channel}", "schrieb in {kanal}", "where ['channel', 'member'] belong"),
        ("schrieb in {channel}", "schrieb in {channel", "expected '}'"),
        ('msgstr[1] "{count} Stimmen"', 'msgstr[1] ""', "is not translated"),
        ('msgstr "Behalten"', 'msgstr "Doch behalten"', "13 characters, at most 10"),
        ("`/voice register` macht", "`/stimme neu` macht", "names other commands"),
        ("**eine**", "**eine", "1 **, not 2"),
        ('msgstr "sagen"', 'msgstr "Sagen"', "is no name"),
        ('msgstr "sagen"', 'msgstr "sag was"', "is no name"),
        ('msgstr "sagen"', 'msgstr "halt"', "has the name of command 'say'"),
        ('msgstr "Behalten"', 'msgstr "Behalten\\n"', "line break"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, before: str, after: str, says: str) -> None:
    assert before in GERMAN
    told = found(tmp_path, GERMAN.replace(before, after, 1))
    assert any(says in one for one in told), told
