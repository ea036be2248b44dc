"""PRIVACY.md: nothing is sent anywhere but to Discord."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkpoints import random_checkpoint
from tests.end_to_end.isolated import CONTROL, NAME_SERVER

ROOT = Path(__file__).parents[2]
NAMESPACE = ["unshare", "--map-root-user", "--net", "--mount"]


def can_isolate() -> bool:
    if not all(map(shutil.which, ("unshare", "ip", "mount"))):
        return False
    return subprocess.run([*NAMESPACE, "true"], check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not can_isolate(), reason="this system makes no network of its own for a test")
@pytest.mark.parametrize("engine", ["stock", pytest.param("chatterbox", marks=pytest.mark.slow)])
@pytest.mark.timeout(300)
def test_bot_worker_and_upload_child_talk_to_discord_alone(tmp_path: Path, engine: str) -> None:
    command = [*NAMESPACE, sys.executable, "-m", "tests.end_to_end.isolated", str(tmp_path)]
    command.append(f"TIMBRE_ENGINE={engine}")
    if engine == "chatterbox":
        weights = tmp_path / "weights"
        random_checkpoint(weights, seed=3, small=True, stop_after=20)
        command += [f"TIMBRE_WEIGHTS={weights}", "TIMBRE_DEVICE=cpu", "TIMBRE_STEP_TIMEOUT_S=240"]
    ended = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    seen = json.loads(ended.stdout)
    assert seen["strangers"] == []
    assert not (tmp_path / ".cache").exists()
    # The net has no holes: what the test itself sent out was seen.
    assert any(f"to {CONTROL}:9" in line for line in seen["control"])
    assert any("control" in line and NAME_SERVER in line for line in seen["control"])
