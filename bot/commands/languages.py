"""`languages`: the template of all catalogues, and whether a translation is right.

`extract` writes the template and `docs/sentences.md`; both are made from the source. `check` says
what is wrong with `.po` files, `update` brings some to the present template.
"""

import io
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from bot.catalogue.checking import problems
from bot.catalogue.languages import (
    FOLDER,
    TEMPLATE,
    CatalogueError,
    named_locale,
    read_catalogue,
)
from bot.commands.extraction import Entry, extracted
from bot.settings import SOURCE

SENTENCES = SOURCE / "docs" / "sentences.md"
_WIDTH = 100
_HEADER = """\
# {title}
msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""
_PLURAL = '"Plural-Forms: {plural}\\n"\n'
_INTRODUCTION = """\
# Every sentence

What Timbre says to people on Discord, in English, by the room in which it arises. Made by
`python timbre.py languages extract`; whoever changes a sentence runs that. What stands in braces is
filled in. Of sentences that count something both forms are shown.
"""
_KINDS = {None: "", "command": "command", "menu": "menu entry", "option": "option"}
_KINDS |= {"choice": "choice", "description": "description"}


def languages(action: str, files: Sequence[Path]) -> int:
    """Do `action`; the exit code is 1 where something is to be mended."""
    if action == "extract":
        return _extract()
    chosen = files or sorted(FOLDER.glob("*.po"))
    if action == "update":
        try:
            for path in chosen:
                update(path)
        except CatalogueError as error:
            print(error, file=sys.stderr)
            return 1
    return max((_check(path) for path in chosen), default=0)


def template_text(entries: Iterable[Entry]) -> str:
    """The template as a file."""
    catalogue = Catalog()
    for entry in entries:
        catalogue.add(
            (entry.one, entry.many) if entry.many else entry.one,
            locations=[(entry.path, None)],  # type: ignore[list-item]  # no lines: they move
            auto_comments=[entry.note] if entry.note else [],
            context=entry.context,
        )
    header = _HEADER.format(title="Every sentence of Timbre, to be translated", language="")
    return f"{header}\n{_written(catalogue)}"


def sentences_text(entries: Iterable[Entry]) -> str:
    """`docs/sentences.md`: each sentence once, under the room of its first file."""
    rooms: dict[str, list[str]] = {}
    seen: set[tuple[str | None, str]] = set()
    for entry in entries:
        if (entry.context, entry.one) in seen:
            continue
        seen.add((entry.context, entry.one))
        kind = _KINDS[entry.context]
        shown = _line(entry.one) + (f" / {_line(entry.many)}" if entry.many else "")
        rooms.setdefault(_room(entry.path), []).append(
            f"- {kind}: {shown}" if kind else f"- {shown}"
        )
    parts = [_INTRODUCTION]
    for room, lines in sorted(rooms.items()):
        parts.append(f"\n## {room}\n\n" + "\n".join(lines) + "\n")
    return "".join(parts)


def update(path: Path) -> None:
    """Bring a `.po` file to the template: what is new is empty, what is not used any more goes.

    One that is not there is begun. Raises `CatalogueError` for one that cannot be read.
    """
    catalogue = read_catalogue(path) if path.exists() else Catalog(named_locale(path))
    with TEMPLATE.open("rb") as file:
        catalogue.update(read_po(file), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    header = _HEADER.format(title=f"Timbre in {path.stem}", language=path.stem)
    header += _PLURAL.format(plural=catalogue.plural_forms)
    path.write_text(f"{header}\n{_written(catalogue)}", encoding="utf-8")


def _extract() -> int:
    entries, wrong = extracted()
    for problem in wrong:
        print(f"{problem.path}:{problem.line}: no literal sentence: {problem.why}", file=sys.stderr)
    TEMPLATE.write_text(template_text(entries), encoding="utf-8")
    SENTENCES.write_text(sentences_text(entries), encoding="utf-8")
    print(f"{TEMPLATE}\n{SENTENCES}")
    return 1 if wrong else 0


def _check(path: Path) -> int:
    try:
        found = problems(path)
    except CatalogueError as error:
        print(error, file=sys.stderr)
        return 1
    for problem in found:
        print(f"{path.name}: {problem}")
    if not found:
        print(f"{path.name}: every sentence is translated")
    return 1 if found else 0


def _written(catalogue: Catalog) -> str:
    file = io.BytesIO()
    write_po(file, catalogue, width=_WIDTH, omit_header=True, include_lineno=False)
    return file.getvalue().decode()


def _room(path: str) -> str:
    return path.removesuffix(".py") if path.startswith("cogs/") else path.rpartition("/")[0]


def _line(text: str) -> str:
    return text.strip().replace("\n", " ⏎ ")
