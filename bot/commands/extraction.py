"""Finds every sentence that people read: in calls of the source, and in the commands themselves.

What is found is the template of all catalogues. A sentence has to stand as a literal where it is
made, or as a constant of its module: one that is put together at run time is a `Problem`.
"""

import ast
import importlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from discord import app_commands
from discord.ext import commands

from bot.catalogue.translator import CHOICE, COMMAND, DESCRIPTION, MENU, OPTION
from bot.client import EXTENSIONS
from bot.settings import SOURCE

#: Where sentences for members arise. What the command line, the HTTP server and the demo say is for
#: who runs the bot.
_WHERE = (
    *("bot/base", "bot/channel", "bot/client.py", "bot/clips", "bot/command_tree.py", "bot/live"),
    *("bot/speech", "bot/text", "bot/voices", "cogs", "engine"),
)
_ONE, _MANY = {"Sentence", "gettext"}, {"counted", "ngettext"}
#: Errors whose sentence is for members, with those that are derived from them; of the others'
#: sentences members never hear.
_ERRORS, _UNTOLD = {"UserError", "SpeechError", "Unfit", "EntryRefused"}, {"WorkerUnavailable"}
#: Discord's limits, by the call and its argument.
_LIMITS = {
    ("Label", "text"): 45,
    ("Label", "description"): 100,
    ("TextInput", "label"): 45,
    ("SelectOption", "label"): 100,
    ("SelectOption", "description"): 100,
    ("button", "label"): 80,
    ("__init__", "label"): 80,
    ("__init__", "placeholder"): 150,
    ("Option", 1): 30,
}
#: How comments above a sentence begin that translators are shown.
_NOTES = ("At most ", "Translators: ")


class Entry(NamedTuple):
    """A sentence, where it is, and what translators have to know of it."""

    context: str | None
    one: str
    many: str | None
    path: str
    note: str | None = None


class Problem(NamedTuple):
    """A place where a sentence is no literal."""

    path: str
    line: int
    why: str


class Extracted(NamedTuple):
    """What was found, and what could not be taken."""

    entries: list[Entry]
    problems: list[Problem]


def extracted(root: Path = SOURCE) -> Extracted:
    """All entries in the order of their files, each once for each file."""
    trees = {path.relative_to(root).as_posix(): _parsed(path) for path in _files(root)}
    errors = _told_errors(tree for _, tree in trees.values())
    entries, problems = [], []
    for name, (source, tree) in trees.items():
        reading = _File(name, source, tree, errors)
        entries += reading.entries
        problems += reading.problems
    entries += _of_commands()
    return Extracted(list(dict.fromkeys(entries)), problems)


def _files(root: Path) -> Iterator[Path]:
    for where in _WHERE:
        path = root / where
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _parsed(path: Path) -> tuple[list[str], ast.Module]:
    source = path.read_text(encoding="utf-8")
    return source.splitlines(), ast.parse(source)


def _told_errors(trees: Iterable[ast.Module]) -> set[str]:
    """The names of all errors whose sentence is for members."""
    classes = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }

    def derived(name: str, roots: set[str]) -> bool:
        return name in roots or any(derived(base, roots) for base in classes.get(name, ()))

    return {name for name in classes if derived(name, _ERRORS) and not derived(name, _UNTOLD)}


class _File:
    """The entries of one file."""

    def __init__(self, path: str, source: list[str], tree: ast.Module, errors: set[str]) -> None:
        self._path = path
        self._source = source
        self._errors = errors
        self._constants = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        self._limits: dict[ast.AST, int] = {}
        self.entries: list[Entry] = []
        self.problems: list[Problem] = []
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        for call in calls:
            self._note_limits(call)
        for call in sorted(calls, key=lambda one: (one.lineno, one.col_offset)):
            self._take(call)

    def _note_limits(self, call: ast.Call) -> None:
        name = _name_of(call)
        for key, value in (*enumerate(call.args), *((k.arg, k.value) for k in call.keywords)):
            if limit := _LIMITS.get((name, key)):
                for inside in ast.walk(value):
                    self._limits[inside] = limit

    def _take(self, call: ast.Call) -> None:
        name, arguments = _name_of(call), {k.arg: k.value for k in call.keywords}
        if name in _MANY and len(call.args) > 2:
            one, many = (self._texts(argument) for argument in call.args[:2])
            if one and many:
                self._add(call, one[0], many[0])
        elif name in _ONE | self._errors:
            for text in self._texts(call.args[0]) if call.args else ():
                self._add(call, text)
        elif name == "button" and "label" in arguments:
            for text in self._texts(arguments["label"]):
                self._add(arguments["label"], text)
        elif name == "ContextMenu":
            for text in self._texts(arguments["name"]):
                self._add(call, text, context=MENU)
        elif name == "described":
            for text in self._texts(call.args[0]):
                self._add(call, text, context=DESCRIPTION)

    def _texts(self, node: ast.expr) -> list[str]:
        """What a literal, a constant of the module or a choice between such says."""
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.Name(id=name) if isinstance(self._constants.get(name), str):
                return [str(self._constants[name])]
            case ast.IfExp(body=body, orelse=orelse):
                return self._texts(body) + self._texts(orelse)
            case ast.JoinedStr() | ast.BinOp():
                self._complain(node)
        return []  # a sentence that was made elsewhere

    def _add(
        self, node: ast.expr, one: str, many: str | None = None, context: str | None = None
    ) -> None:
        note = self._source[node.lineno - 2].strip().lstrip("#: ") if node.lineno > 1 else ""
        if limit := self._limits.get(node):
            note = f"At most {limit} characters."
        shown = note if note.startswith(_NOTES) else None
        self.entries.append(Entry(context, one, many, self._path, shown))

    def _complain(self, node: ast.expr) -> None:
        self.problems.append(Problem(self._path, node.lineno, ast.unparse(node)[:80]))


def _name_of(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _of_commands() -> Iterator[Entry]:
    """The names, descriptions, options and choices of slash commands."""
    for extension in EXTENSIONS:
        module = importlib.import_module(extension)
        path = f"{extension.replace('.', '/')}.py"
        for cog in vars(module).values():
            if not (isinstance(cog, type) and issubclass(cog, commands.Cog)):
                continue
            if cog.__module__ != extension:
                continue
            if cog.__cog_is_app_commands_group__:
                yield Entry(COMMAND, str(cog.__cog_group_name__), None, path)
                yield Entry(DESCRIPTION, str(cog.__cog_group_description__), None, path)
            for command in cog.__cog_app_commands__:
                yield from _of_command(command, path)


def _of_command(
    command: "app_commands.Command[Any, ..., Any] | app_commands.Group", path: str
) -> Iterator[Entry]:
    yield Entry(COMMAND, command.name, None, path)
    yield Entry(DESCRIPTION, command.description, None, path)
    if isinstance(command, app_commands.Group):
        for inner in command.commands:
            yield from _of_command(inner, path)
        return
    for option in command.parameters:
        yield Entry(OPTION, option.display_name, None, path)
        yield Entry(DESCRIPTION, str(option.description), None, path)
        for choice in option.choices:
            yield Entry(CHOICE, choice.name, None, path)
