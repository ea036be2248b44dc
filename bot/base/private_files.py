"""Files that only their owner may read, and that are whole or absent after a crash.

Windows has no such mode bits; there the home folder's own permissions hold. Synchronous.
"""

import logging
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path

log = logging.getLogger(__name__)


def make_folder(folder: Path) -> None:
    """Create a folder for its owner's eyes only, unless it is there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def make_private(home: Path) -> None:
    """Create a folder, or take from others what they may do with one that is there.

    A folder whose owner is somebody else stays as it is, and the log says so.
    """
    make_folder(home)
    mode = stat.S_IMODE(home.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        try:
            home.chmod(mode & 0o700)
        except PermissionError:
            log.warning("others can look into TIMBRE_HOME", extra={"folder": str(home)})


def unused_path(folder: Path, suffix: str) -> Path:
    """A path with a random name that says nothing, in a folder that is made if need be."""
    make_folder(folder)
    return folder / f"{secrets.token_hex(16)}{suffix}"


def create(path: Path, content: bytes) -> None:
    """Write a new file, through to the disk. Raises `FileExistsError`."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def move(path: Path, to: Path) -> None:
    """Rename a file, and see to it that the new name survives a loss of power."""
    path.replace(to)
    if os.name == "posix":  # Windows cannot open folders; its file systems keep renames in order
        handle = os.open(to.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove(paths: Iterable[Path]) -> None:
    """Delete files; those that are gone already do not matter."""
    for path in paths:
        path.unlink(missing_ok=True)


def files_until(folder: Path, before: float) -> list[Path]:
    """The files below `folder` that were last written at `before` (Unix seconds) or earlier."""
    found = []
    for path in folder.rglob("*"):
        try:
            if path.is_file() and path.stat().st_mtime <= before:
                found.append(path)
        except FileNotFoundError:
            continue  # it went while we looked
    return found
