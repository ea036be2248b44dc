"""The demo as it is started from a shell."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_an_engine_that_cannot_be_loaded_fails_its_step_and_says_why(tmp_path: Path) -> None:
    """Chatterbox on a GPU is asked for, and none is shown to the process."""
    ended = subprocess.run(
        [sys.executable, "-m", "bot", "demo", "--out", str(tmp_path / "out")],
        cwd=ROOT,
        env={
            **os.environ,
            "TIMBRE_ENV_FILE": "",
            "TIMBRE_HOME": str(tmp_path / "home"),
            "TIMBRE_ENGINE": "chatterbox",
            "TIMBRE_DEVICE": "cuda",
            "CUDA_VISIBLE_DEVICES": "",
            "COLUMNS": "200",
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 1
    (step,) = [line for line in ended.stdout.splitlines() if "load the speech engine" in line]
    assert step.startswith("✗")
    (why,) = [line for line in ended.stdout.splitlines() if "The bot's log is" in line]
    assert why.startswith("A CUDA device was asked for")
    assert "Traceback" not in ended.stderr
