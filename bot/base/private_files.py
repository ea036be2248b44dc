"""Files that only their owner may read, and that are whole or absent after a crash.

Windows has no such mode bits; there the home folder's own permissions hold. Synchronous.
"""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Create a folder for its owner's eyes only, unless it is there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def unused_path(folder: Path, suffix: str) -> Path:
    """A path with a random name that says nothing, in a folder that is made if need be."""
    make_folder(folder)
    return folder / f"{secrets.token_hex(16)}{suffix}"


def create(path: Path, content: bytes) -> None:
    """Write a new file, through to the disk; on a full one nothing of it stays.

    Raises `FileExistsError`.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def write(path: Path, content: bytes) -> None:
    """Write a file whole under another name, then rename it. Not flushed to the disk."""
    for folder in (path.parent.parent, path.parent):  # `mkdir` gives its mode to the last alone
        make_folder(folder)
    unfinished = path.with_suffix(f".{secrets.token_hex(4)}.part")
    try:
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


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
