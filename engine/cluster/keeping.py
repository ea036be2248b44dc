"""The folder that an actor keeps voices in, which does not outlive it.

In memory where the machine has a file system for that. A process of its own waits for the actor's
end, however it comes, and then removes the folder; what even that could not remove, as after a loss
of power, the next actor on the machine does.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections import OrderedDict
from hashlib import sha256
from pathlib import Path

_PREFIX = "timbre-voices-"
_LOCK = "lock"
#: Clips of so many voices are kept; one that is gone is asked for again.
CLIPS_MAX = 512
_ROOT = Path(__file__).parents[2]


def make_home(base: Path | None = None) -> Path:
    """A new folder under `base`, for this process alone, gone after its end. Clears dead ones."""
    base = base or _base()
    sweep(base)
    home = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
    lock = os.open(home / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)  # held until this process ends
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.set_inheritable(lock, False)
    subprocess.run(
        [sys.executable, "-m", "engine.cluster.sweeper", str(home)],
        cwd=_ROOT,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    return home


def sweep(base: Path) -> None:
    """Remove the folders of actors that have ended."""
    for home in base.glob(f"{_PREFIX}*"):
        if home.stat().st_uid != os.getuid():
            continue
        try:
            lock = os.open(home / _LOCK, os.O_RDWR)
        except FileNotFoundError:
            continue  # being made, or being removed
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(home, ignore_errors=True)
        except BlockingIOError:
            continue  # its actor lives
        finally:
            os.close(lock)


def wait_and_remove(home: Path) -> None:
    """Block until the actor whose folder it is has ended, then remove it."""
    try:
        lock = os.open(home / _LOCK, os.O_RDWR)
    except FileNotFoundError:
        return
    fcntl.flock(lock, fcntl.LOCK_EX)
    shutil.rmtree(home, ignore_errors=True)


def _base() -> Path:
    memory = Path("/dev/shm")  # noqa: S108 - its folders are made by `mkdtemp`
    return memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())


class Clips:
    """Clips that came with requests, by voice; the least recently used goes first."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "clips"
        self._folder.mkdir(mode=0o700)
        self._paths: OrderedDict[str, Path] = OrderedDict()

    def keep(self, identity: str, content: bytes) -> None:
        path = self._folder / sha256(identity.encode()).hexdigest()
        path.write_bytes(content)
        self._paths[identity] = path
        if len(self._paths) > CLIPS_MAX:
            _, oldest = self._paths.popitem(last=False)
            oldest.unlink(missing_ok=True)

    def path_of(self, identity: str) -> Path | None:
        if identity not in self._paths:
            return None
        self._paths.move_to_end(identity)
        return self._paths[identity]

    def forget(self, identity: str) -> None:
        if path := self._paths.pop(identity, None):
            path.unlink(missing_ok=True)
