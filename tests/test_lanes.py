"""Files that wait for the clock are found where the lanes look for them, and import little."""

import ast
from pathlib import Path

import pytest

from tests.conftest import HEAVY, NOT_TIMED, TIMED, is_timed
from tests.lanes import LONGEST

ROOT = Path(__file__).parents[1]
#: Where an import of these begins, torch and seconds of a core follow.
COSTLY = ("torch", "transformers", "librosa", "faster_whisper")
COSTLY_ROOMS = ("bench", "chatterbox", "enrolment", "upstream")


@pytest.mark.parametrize("place", [*TIMED, *NOT_TIMED, *LONGEST])
def test_what_waits_for_the_clock_is_where_the_lanes_look(place: str) -> None:
    """After a rename its files would run at a lower priority without a word."""
    assert place.endswith("/") == (ROOT / place).is_dir()
    assert (ROOT / place).exists()


def test_what_a_timed_lane_collects_imports_no_torch() -> None:
    """It imports every file, most of them for other lanes. Inside a function is early enough."""
    costly = (*COSTLY, *(f"engine.{room}" for room in COSTLY_ROOMS))
    found = [
        f"{place}: {name}"
        for file in sorted((ROOT / "tests").rglob("*.py"))
        for place in [file.relative_to(ROOT).as_posix()]
        if not place.startswith(HEAVY) or is_timed(place) or place == f"{HEAVY}conftest.py"
        for name in _imported(ast.parse(file.read_text("utf-8")))
        if name in costly or name.startswith(tuple(f"{one}." for one in costly))
    ]
    assert found == []


def _imported(module: ast.Module) -> list[str]:
    """The names of modules that are imported with this one, and not for types alone."""
    plain = [node for node in module.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return [
        name
        for node in plain
        for name in (
            [f"{node.module}"]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    ]
