"""Imports between rooms go one way, and no files import each other in a circle.

Imports inside functions count, and so do those for types alone.
"""

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: Lowest first. A room imports itself and rooms of lines above its own. The longest name counts: a
#: package that stands here as well as its rooms is what is left of it, its own files.
ORDER = """
    data  engine
    engine.weights
    engine.upstream  engine.stock  engine.host
    engine.enrolment
    engine.chatterbox.cuda  engine.chatterbox.utterance
    engine.chatterbox.t3  engine.chatterbox.s3gen
    engine.chatterbox
    engine.worker
    engine.cluster
    engine.bench
    bot.catalogue
    bot.base
    bot.text  bot.clips
    bot.speech
    bot.voices
    bot.channel
    bot.live  bot.http
    bot
    cogs
    bot.loopback
    bot.demo
    bot.commands
    bot.__main__
"""
LEVELS = {room: level for level, line in enumerate(ORDER.split("\n")) for room in line.split()}


def _modules() -> dict[str, Path]:
    paths = [
        path for top in ("bot", "cogs", "data", "engine") for path in ROOT.glob(f"{top}/**/*.py")
    ]
    dotted = (".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths)
    return {name.removesuffix(".__init__"): path for name, path in zip(dotted, paths, strict=True)}


MODULES = _modules()


def _imported(path: Path) -> set[str]:
    """The modules of ours that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            found |= {name if name in MODULES else node.module for name in names}
    return found & MODULES.keys()


@cache
def _imports() -> dict[str, set[str]]:
    return {name: _imported(path) for name, path in MODULES.items()}


def _room(module: str) -> str:
    return max((r for r in LEVELS if f"{module}.".startswith(f"{r}.")), key=len)


def test_imports_between_rooms_go_one_way() -> None:
    wrong = [
        f"{module} imports {other}"
        for module, others in sorted(_imports().items())
        for other in sorted(others)
        if (here := _room(module)) != (there := _room(other)) and LEVELS[there] >= LEVELS[here]
    ]
    assert not wrong, "\n".join(wrong)


def test_no_files_import_each_other_in_a_circle() -> None:
    try:
        TopologicalSorter(_imports()).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from None


def _type_defined(statement: ast.stmt) -> str | None:
    """The class or alias that a statement defines; a variable of types means nothing elsewhere."""
    match statement:
        case ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            variable = ast.unparse(value).startswith("TypeVar(")
            return name if name[0].isupper() and not name.isupper() and not variable else None
    return None


def test_no_two_public_types_have_one_name() -> None:
    where: dict[str, list[str]] = {}
    for module, path in MODULES.items():
        for statement in ast.parse(path.read_text("utf-8")).body:
            name = _type_defined(statement)
            if name and not name.startswith("_"):
                where.setdefault(name, []).append(module)
    assert not {name: modules for name, modules in where.items() if len(modules) > 1}


def test_a_file_of_more_than_300_lines_says_why() -> None:
    """`Longer …`: at the head of the file."""
    silent = [
        f"{path}: {lines} lines"
        for path in (*MODULES.values(), *ROOT.glob("tests/**/*.py"))
        if (lines := len((text := path.read_text("utf-8")).splitlines())) > 300
        and "onger than" not in (ast.get_docstring(ast.parse(text)) or "")
    ]
    assert not silent, "\n".join(silent)


def test_the_loopback_discord_knows_nothing_of_the_bot() -> None:
    imported = {
        other for name in MODULES if _room(name) == "bot.loopback" for other in _imports()[name]
    }
    assert {_room(other) for other in imported} == {"bot.loopback"}


def test_one_file_imports_onnxruntime() -> None:
    """The one that forbids its telemetry first."""
    importing = [
        name for name, path in MODULES.items() if "import onnxruntime" in path.read_text("utf-8")
    ]
    assert importing == ["engine.onnx"]


def test_cogs_only_answer() -> None:
    """A cog, which is a module with `setup`, imports no other cog and reads no database."""
    source = {name: path.read_text("utf-8") for name, path in MODULES.items() if "cogs." in name}
    cogs = {name for name, text in source.items() if "async def setup(" in text}
    wrong = [f"{name} imports {other}" for name in cogs for other in _imports()[name] & cogs]
    wrong += [f"{name} mentions the store" for name, text in source.items() if ".store" in text]
    assert cogs
    assert not wrong, "\n".join(sorted(wrong))
