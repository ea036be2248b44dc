"""The table of complaints in README.md names tests that are there."""

import re
from pathlib import Path

HERE = Path(__file__).parent
_NAMED = re.compile(r"`(?:([\w/]+\.py))?(?:::)?(\w+)?`")


def test_every_test_that_the_table_names_exists() -> None:
    lines = (HERE / "README.md").read_text("utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ") and "test_" in line]
    assert len(rows) >= 10  # as many as there are complaints in the design
    for row in rows:
        source = ""
        named = 0
        for path, name in _NAMED.findall(row):
            if path:
                source = (HERE / path).read_text("utf-8")
            if name:
                assert f"def {name}(" in source, name
            named += bool(path or name)
        assert named, row
