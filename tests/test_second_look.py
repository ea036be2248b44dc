"""The second look at what failed in a whole run, with a real pytest.

It is of whole runs with `--all` alone.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: Each fails until it has been run so many times.
TESTS = """
from pathlib import Path
import pytest

@pytest.mark.parametrize("runs", {runs})
def test_one(runs, request):
    log = Path(__file__).with_name(f"{{request.node.name}}.log")
    with log.open("a") as file:
        file.write(".")
    assert len(log.read_text()) >= runs
"""


def run(folder: Path, runs: list[int]) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_some.py").write_text(TESTS.format(runs=runs))
    command = [sys.executable, "-m", "pytest", "-p", "tests.second_look", "--rootdir", str(folder)]
    return subprocess.run(
        [*command, "-n", "2", "-p", "no:cacheprovider", str(folder)],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": "-p xdist.plugin",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_what_passes_alone_is_named_and_fails_nobody(tmp_path: Path) -> None:
    ran = run(tmp_path, [1, 2])
    assert ran.returncode == 0, ran.stdout
    assert "FAILED BESIDE OTHERS test_some.py::test_one[2]" in ran.stdout
    assert "1 failed, 1 passed" in ran.stdout


@pytest.mark.slow
def test_what_fails_again_fails_the_run(tmp_path: Path) -> None:
    ran = run(tmp_path, [1, 2, 9])
    assert ran.returncode == 1
    assert "a second look" in ran.stdout


@pytest.mark.slow
def test_many_failures_are_looked_at_once(tmp_path: Path) -> None:
    ran = run(tmp_path, [2, 2, 2, 2])
    assert ran.returncode == 1
    assert "a second look" not in ran.stdout
