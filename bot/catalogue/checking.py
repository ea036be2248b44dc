"""What is wrong with a catalogue, told to who translates."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from bot.catalogue.languages import TEMPLATE, read_catalogue
from bot.catalogue.placeholders import forms, wrong_placeholders
from bot.catalogue.translator import CHOICE, COMMAND, DESCRIPTION, MENU, OPTION

#: Discord's limits in characters.
_LIMITS = {COMMAND: 32, OPTION: 32, MENU: 32, CHOICE: 100, DESCRIPTION: 100}
#: What Discord takes for a command's or an option's name, beside that it is in lower case.
_NAME = re.compile(r"[-_'\w]+")
_MOST = re.compile(r"At most (\d+) characters")
_COMMANDS = re.compile(r"`/[^`]*`")


def problems(path: Path, template: Path = TEMPLATE) -> list[str]:
    """What has to be mended in a `.po` file. Raises `CatalogueError` where it cannot be read."""
    with template.open("rb") as file:
        wanted = {_key(entry): entry for entry in read_po(file) if entry.id}
    catalogue = read_catalogue(path)
    given = {_key(entry): entry for entry in catalogue if entry.id}
    found = [f"{_named(entry)}: is missing" for key, entry in wanted.items() if key not in given]
    found += [f"{_named(entry)}: is not used" for key, entry in given.items() if key not in wanted]
    for key, entry in given.items():
        if key in wanted:
            found += [f"{_named(entry)}: {one}" for one in _wrong(entry, wanted[key], catalogue)]
    return found + list(_alike(given.values()))


def _wrong(entry: Message, wanted: Message, catalogue: Catalog) -> Iterator[str]:
    translations = forms(entry.string)
    if not all(translations):
        yield "is not translated"
        return
    if entry.fuzzy:
        yield "is marked as fuzzy"
    if len(forms(wanted.id)) > 1 and len(translations) != catalogue.num_plurals:
        yield f"has {len(translations)} plural forms, not {catalogue.num_plurals}"
    if placeholders := wrong_placeholders(entry):
        yield placeholders
    source = forms(wanted.id)[-1]
    limit = _LIMITS.get(entry.context or "") or _limit(wanted)
    for text in translations:
        if limit and len(text) > limit:
            yield f"{text!r} has {len(text)} characters, at most {limit} are shown"
        if entry.context in (COMMAND, OPTION) and (text != text.lower() or not _is_name(text)):
            yield f"{text!r} is no name: lower case letters, digits, - and _ alone"
        for mark in ("`", "**"):
            if text.count(mark) != source.count(mark):
                yield f"{text!r} has {text.count(mark)} {mark}, not {source.count(mark)}"
        if Counter(_COMMANDS.findall(text)) != Counter(_COMMANDS.findall(source)):
            yield f"{text!r} names other commands; they stay as they are in English"
        for edge in (slice(0, 1), slice(-1, None)):
            if (text[edge] == "\n") != (source[edge] == "\n"):
                yield f"{text!r} begins or ends with another line break"


def _alike(entries: Iterable[Message]) -> Iterator[str]:
    """Names that could not be told apart where two of them meet."""
    seen: dict[tuple[str, str], Message] = {}
    for entry in entries:
        if entry.context in (COMMAND, OPTION) and isinstance(entry.string, str) and entry.string:
            other = seen.setdefault((entry.context, entry.string), entry)
            if other is not entry:
                yield f"{_named(entry)}: has the name of {_named(other)}"


def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def _limit(entry: Message) -> int | None:
    found = _MOST.search(" ".join(entry.auto_comments))
    return int(found[1]) if found else None


def _key(entry: Message) -> tuple[str | None, str]:
    return entry.context, forms(entry.id)[0]


def _named(entry: Message) -> str:
    text = forms(entry.id)[0]
    return f"{entry.context} {text!r}" if entry.context else repr(text)
