"""The demo as it is started from a shell."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from tests.stock import shared_weights

ROOT = Path(__file__).parents[3]


def demo(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """What it leaves lies in `out` in `folder`."""
    return subprocess.run(
        [sys.executable, "-m", "bot", "demo", "--out", str(folder / "out")],
        cwd=ROOT,
        env={
            **os.environ,
            "TIMBRE_ENV_FILE": "",
            "TIMBRE_HOME": str(folder / "home"),
            "COLUMNS": "200",
            **shared_weights(),
            **settings,
        },
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def test_three_lines_are_heard_and_the_last_comes_from_the_cache(tmp_path: Path) -> None:
    ended = demo(tmp_path, TIMBRE_ENGINE="stock")
    assert (tmp_path / "out" / "report.json").exists(), ended.stdout
    lines = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))["lines"]
    assert [line["cache_hit"] for line in lines] == [False, False, True]
    assert all(line["packets"] for line in lines)
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"heard.wav", "heard.png"}
    # A busy machine has gaps, and then it says so.
    if any(line["gaps_over_40_ms"] for line in lines):
        assert "0 audible packets were not end-to-end encrypted" in ended.stdout
        assert ended.returncode == 1
    else:
        assert "Everything was end-to-end encrypted" in ended.stdout
        assert ended.returncode == 0


def test_it_touches_nothing_of_the_bot_that_the_settings_are_for(tmp_path: Path) -> None:
    """That one has its port, its database and its bucket; the demo needs none of them."""
    file = tmp_path / ".env"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file.write_text(
            f"TIMBRE_HTTP_PORT={port}\nTIMBRE_ENGINE=stock\nTIMBRE_OBJECTS=s3://nobodys/voices\n"
            "TIMBRE_DATABASE=postgresql://u:p@127.0.0.1:1/timbre\n"
        )
        ended = demo(tmp_path, TIMBRE_ENV_FILE=str(file), TIMBRE_HTTP_PORT=str(port))
    assert (tmp_path / "out" / "report.json").exists(), ended.stdout
    assert "The stock engine spoke" in ended.stdout


def test_a_folder_that_cannot_be_made_is_named_by_its_setting(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    home = tmp_path / "home" / "in"
    ended = subprocess.run(
        [sys.executable, "-m", "bot", "demo"],
        cwd=ROOT,
        env={**os.environ, "TIMBRE_ENV_FILE": "", "TIMBRE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("timbre: TIMBRE_HOME cannot be written: ")


def test_an_engine_that_cannot_be_loaded_fails_its_step_and_says_why(tmp_path: Path) -> None:
    """Chatterbox on a GPU is asked for, and none is shown to the process."""
    asked = {"TIMBRE_ENGINE": "chatterbox", "TIMBRE_DEVICE": "cuda", "CUDA_VISIBLE_DEVICES": ""}
    ended = demo(tmp_path, **asked)
    assert ended.returncode == 1
    (step,) = [line for line in ended.stdout.splitlines() if "load the speech engine" in line]
    assert step.startswith("✗")
    (why,) = [line for line in ended.stdout.splitlines() if "The bot's log is" in line]
    assert why.startswith("A CUDA device was asked for")
    assert "Traceback" not in ended.stderr
