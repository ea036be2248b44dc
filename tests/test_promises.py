"""Each promise of SECURITY.md and PRIVACY.md, and each feature, names tests that are there."""

import ast
import re
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

from data.schema import MIGRATIONS, load_migrations, prepare

ROOT = Path(__file__).parents[1]
HEADING = "## Which test holds which promise"
#: A row: what is promised, and tests as `path::name`.
_ROW = re.compile(r"^\| (?!promise)(?!-)(?P<promise>[^|]+) \| (?P<tests>[^|]+) \|$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def promises(paper: str) -> dict[str, list[tuple[str, str]]]:
    text = (ROOT / paper).read_text("utf-8").partition(HEADING)[2].partition("\n## ")[0]
    return {row["promise"]: _TEST.findall(row["tests"]) for row in _ROW.finditer(text)}


@cache
def names_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    kinds = (ast.AsyncFunctionDef, ast.FunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


@pytest.mark.parametrize("paper", ["SECURITY.md", "PRIVACY.md"])
def test_every_promise_has_tests_that_are_there(paper: str) -> None:
    assert promises(paper)
    for promise, tests in promises(paper).items():
        assert tests, f"{paper}: nothing holds {promise!r}"
        for path, name in tests:
            assert name in names_in(path), f"{paper}: {path} has no {name}"


def test_every_feature_has_tests_that_are_there() -> None:
    """Each row of the table of docs/features.md ends with them."""
    rows = re.findall(
        r"^\| (?!feature|-)(.+?) \|.*\| ([^|]*) \|$",
        (ROOT / "docs/features.md").read_text("utf-8"),
        re.MULTILINE,
    )
    assert len(rows) > 20
    for feature, cell in rows:
        tests = _TEST.findall(cell)
        assert tests, f"nothing shows {feature!r}"
        for path, name in tests:
            assert name in names_in(path), f"{feature}: {path} has no {name}"


def test_everything_that_security_says_is_among_the_promises() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    assert (
        set(re.findall(r"^\*\*(.+?)\.\*\*", text, re.MULTILINE)) == promises("SECURITY.md").keys()
    )


def test_everything_that_is_stored_is_among_the_promises(tmp_path: Path) -> None:
    """A row of PRIVACY.md's table for each table of the database."""
    prepare(tmp_path / "timbre.db", load_migrations(MIGRATIONS))
    with closing(sqlite3.connect(tmp_path / "timbre.db")) as database:
        tables = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
    text = (ROOT / "PRIVACY.md").read_text("utf-8")
    assert tables
    assert [name for (name,) in sorted(tables) if f"`{name}`" not in text] == []
