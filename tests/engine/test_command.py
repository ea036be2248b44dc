"""How commands end that are interrupted, or that nobody listens to: real processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("command", "imported"),
    [
        (["bot", "doctor"], "argparse"),
        (["bot", "doctor"], "asyncio"),
        (["bot", "weights", "verify"], "rich"),
        (["bot", "say", "Hello.", "--out", "x.ogg"], "pydantic"),
        (["engine.bench", "--small"], "torch"),
    ],
)
def test_ctrl_c_while_it_is_imported_is_no_traceback(
    tmp_path: Path, command: list[str], imported: str
) -> None:
    """The signal comes at that very import: a module of this name stands before the real one."""
    (tmp_path / f"{imported}.py").write_text(
        "import signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "signal.raise_signal(signal.SIGINT)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "TIMBRE_ENV_FILE": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (130, "")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
@pytest.mark.parametrize("command", [["timbre"], ["bot"], ["bot", "weights"]])
def test_help_that_nobody_reads_is_no_traceback(command: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [sys.executable, "-m", *command, "--help"],
        cwd=ROOT,
        # Unbuffered, argparse itself would swallow the error.
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (1, "")
