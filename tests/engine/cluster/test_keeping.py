"""What an actor keeps of voices is gone with it, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a cluster's machines run Linux")
HOLD = (
    "import sys, pathlib\n"
    "from engine.cluster.keeping import Clips, make_home\n"
    "home = make_home(pathlib.Path(sys.argv[1]))\n"
    "Clips(home).keep('clip:1:aa', b'a voice')\n"
    "print(home, flush=True)\n"
    "sys.stdin.read()\n"
)


def _actor(base: Path) -> tuple["subprocess.Popen[str]", Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(base)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


async def test_the_folder_of_an_actor_that_was_killed_is_removed_and_a_living_ones_is_not(
    tmp_path: Path,
) -> None:
    killed, folder = _actor(tmp_path)
    living, other = _actor(tmp_path)
    try:
        assert folder.stat().st_mode & 0o077 == 0
        assert len(list(folder.rglob("clips/*"))) == 1
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait(10)
        await until(lambda: not folder.exists(), 20)
        assert len(list(other.rglob("clips/*"))) == 1
    finally:
        living.communicate()
    await until(lambda: not other.exists(), 20)


def test_a_new_actor_removes_what_nothing_else_could(tmp_path: Path) -> None:
    """As after a loss of power."""
    left = tmp_path / "timbre-voices-left"
    left.mkdir()
    (left / "lock").touch()
    (left / "voice").write_bytes(b"a voice")
    process, _ = _actor(tmp_path)
    process.communicate()
    assert not left.exists()


def test_clips_are_forgotten_by_voice_and_the_oldest_make_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.cluster import keeping  # noqa: PLC0415 - fcntl is not everywhere

    monkeypatch.setattr(keeping, "CLIPS_MAX", 2)
    clips = keeping.Clips(tmp_path)
    for name in ("a", "b"):
        clips.keep(name, name.encode())
    assert clips.path_of("a") is not None
    clips.keep("c", b"c")
    assert clips.path_of("b") is None
    clips.forget("a")
    assert clips.path_of("a") is None
    assert [path.read_bytes() for path in (tmp_path / "clips").iterdir()] == [b"c"]
