"""A sentence is in the language of whoever reads it, whoever caused it."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.base.errors import UserError, sentence_for
from bot.catalogue import (
    CatalogueError,
    Catalogues,
    Joined,
    LanguageName,
    Listing,
    Sentence,
    for_reader,
    gettext,
    install,
    ngettext,
    set_reader,
)
from bot.catalogue.languages import installed
from engine.errors import QueueFull

GERMAN = r"""
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

msgid "{channel} is full."
msgstr "{channel} ist voll."

msgid "{count:,} entry of {name}"
msgid_plural "{count:,} entries of {name}"
msgstr[0] "{count:,} Eintrag von {name}"
msgstr[1] "{count:,} Einträge von {name}"

msgid "It took {seconds:.1f} s."
msgstr "Es dauerte {seconds:.1f} s."

msgid "Too much: {most}."
msgstr "Zu viel: {most}."

msgid "I lost {thing}."
msgstr "Ich habe {ding} verloren."
"""


def plurals(*header: str) -> bytes:
    """A catalogue with one entry and a header about plurals, which may stand on several lines."""
    lines = "\n".join(f'"{part}"' for part in ("Plural-Forms: ", *header, "\\n"))
    entry = 'msgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\nmsgstr[1] "d"\n'
    return f'msgid ""\nmsgstr ""\n{lines}\n\n{entry}'.encode()


FULL = Sentence("{channel} is full.", channel="#lounge")


@pytest.fixture(autouse=True)
def _german(tmp_path: Path) -> Iterator[None]:
    before = installed()
    (tmp_path / "de.po").write_text(GERMAN, encoding="utf-8")
    install(Catalogues(tmp_path))
    yield
    install(before)


def test_one_sentence_is_read_by_two() -> None:
    error = sentence_for(UserError(FULL))
    assert error.for_locale("de") == "#lounge ist voll."
    assert error.for_locale("en-GB") == error.for_locale("tlh") == "#lounge is full."
    assert str(UserError(FULL)) == "#lounge is full."  # in a log, whoever reads
    with for_reader("de"):
        assert str(FULL) == "#lounge ist voll."
        assert str(UserError(FULL)) == FULL.english == "#lounge is full."


async def test_who_reads_is_a_matter_of_the_task() -> None:
    async def read(locale: str) -> str:
        set_reader(locale)
        await asyncio.sleep(0)
        return gettext("{channel} is full.", channel="#lounge")

    tasks = [asyncio.create_task(read(locale)) for locale in ("de", "en-US")]
    assert await asyncio.gather(*tasks) == ["#lounge ist voll.", "#lounge is full."]
    assert str(FULL) == "#lounge is full."


def test_what_is_counted_and_measured_is_written_as_in_the_language() -> None:
    one = "{count:,} entry of {name}"
    many = "{count:,} entries of {name}"
    assert ngettext(one, many, 1, name="Al") == "1 entry of Al"
    assert ngettext(one, many, 1200, name="Al") == "1,200 entries of Al"
    with for_reader("de"):
        assert ngettext(one, many, 1, name="Al") == "1 Eintrag von Al"
        assert ngettext(one, many, 1200, name="1,5") == "1.200 Einträge von 1,5"
        assert gettext("It took {seconds:.1f} s.", seconds=2.5) == "Es dauerte 2,5 s."


def test_what_is_put_together_is_so_in_each_language() -> None:
    named = Listing([LanguageName("en", "English"), LanguageName("ja", "Japanese")])
    both = Joined((Sentence("Too much: {most}.", most=named), FULL))
    assert both.english == "Too much: English and Japanese. #lounge is full."
    assert both.for_locale("de") == "Zu viel: Englisch und Japanisch. #lounge ist voll."


def test_what_a_value_says_is_not_filled_in_again() -> None:
    sentence = Sentence("{channel} is full.", channel="{count} {0} %s")
    assert sentence.for_locale("de") == "{count} {0} %s ist voll."
    assert gettext("No {value} here, and no lone { either.").endswith("either.")


def test_what_the_engine_refuses_is_translated_as_well() -> None:
    assert sentence_for(QueueFull("Too much: {most}.", most=7)).for_locale("de") == "Zu viel: 7."
    assert str(QueueFull("Too much: {most}.", most=7)) == "Too much: 7."


def test_an_entry_with_wrong_placeholders_is_left_out_and_that_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        catalogues = Catalogues(tmp_path)
    install(catalogues)
    assert Sentence("I lost {thing}.", thing="it").for_locale("de") == "I lost it."
    assert "a translation is left out" in caplog.messages


def test_an_operators_file_is_a_language_of_its_own(tmp_path: Path) -> None:
    german = tmp_path / "de.po"
    german.rename(tmp_path / "pt_BR.po")
    install(Catalogues(tmp_path))
    assert FULL.for_locale("pt-BR") == "#lounge ist voll."
    assert FULL.for_locale("pt-PT") == "#lounge is full."


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("klingon.po", b"", "is no language"),
        ("de.po", b'msgid "a"\nmsgstr "b"\nrubbish\n', "line 3"),
        ("de.po", b'msgid "\xff"\nmsgstr "b"\n', "UTF-8"),
        ("de.po", plurals("nplurals=999999999; plural=0;"), "no language has more"),
        ("de.po", plurals("npl", "urals=999999999; plural=0;"), "no language has more"),
        ("de.po", plurals("nplurals=0; plural=0;"), "no language has more"),
        ("de.po", plurals("nplurals=many; plural=0;"), "invalid literal"),
        ("de.po", plurals("nplurals=2; plural=1/(n-7);"), "divides by something else"),
        ("de.po", plurals("nplurals=2; plural=n%n;"), "divides by something else"),
        ("de.po", plurals("nplurals=2; plural=__import__('os');"), "invalid token"),
        ("de.po", plurals("nplurals=2; plural=" + "(" * 300 + "n" + ")" * 300 + ";"), "complex"),
        ("de.po", plurals("nplurals=2; plural=n\\nContent-Type: x; charset=nothing"), "nothing"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / name).write_bytes(content)
    with pytest.raises(CatalogueError, match=says):
        Catalogues(folder)


@pytest.mark.parametrize(
    "hostile",
    [
        "{channel.guild.me}",
        "{channel[0]}",
        "{channel!r}",
        "{channel:>999999999}",
        "{channel:{channel.__class__}}",
        "{channel:{channel:{channel}}}",
        "{channel} {0}",
        "{} {channel}",
        "{channel",
    ],
)
def test_a_translation_asks_for_nothing_but_what_its_sentence_shows(
    tmp_path: Path, hostile: str
) -> None:
    """Nor where it was not looked through when it was read."""
    entry = f'\nmsgid "{{channel}} is full."\nmsgstr "{hostile} ist voll."\n'
    (tmp_path / "pt_BR.po").write_text(entry, encoding="utf-8")
    install(Catalogues(tmp_path))
    assert FULL.for_locale("pt-BR") == "#lounge is full."


def test_a_sentence_shows_its_values_and_nothing_in_them() -> None:
    with pytest.raises(KeyError):
        str(Sentence("{channel.__class__} is full.", channel="#lounge"))
