"""TIMBRE_HOME: the folder that is Timbre's alone, and the names of what Timbre puts into it.

What has another name there is somebody else's, and is left alone.
"""

import errno
import logging
import os
import re
import stat
from pathlib import Path

from bot.base.private_files import make_folder

DATABASE = "timbre.db"
#: In a home whose database is a PostgreSQL: what that one knows it by.
HOME_ID = "home.id"
#: Touched while the bot is connected to Discord; `bot.base.health` has the rest.
ALIVE = "alive"
CLIPS, UPLOADS, SPEECH, CONDITIONALS = "clips", "uploads", "speech", "conditionals"
#: A lock file for each bot process of several.
PROCESSES = "processes"
#: Where clips lie in a bucket: those that the engine reads, by process.
COPIES = "copies"

#: The files in each folder, unfinished ones included, by their paths from it.
OURS = {
    CLIPS: re.compile(r"[0-9a-f]{32}\.flac"),
    UPLOADS: re.compile(r"[0-9a-f]{32}\.(upload|flac)"),
    SPEECH: re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}\.(ogg|[0-9a-f]{8}\.part)"),
    CONDITIONALS: re.compile(r"[0-9a-f]{64}\.safetensors|\.[a-z0-9_]{8}\.part"),
}
#: What else there may be before the first start. The system's own names begin with a dot.
_BEFORE = {
    *OURS,
    PROCESSES,
    COPIES,
    "weights",
    "bench",
    "demo",
    "bot.lock",
    ALIVE,
    "commands.json",
    "lost+found",
}

log = logging.getLogger(__name__)


class HomeRefused(OSError):
    """A folder cannot be Timbre's home as it is; `str` says why and what to do."""

    def __init__(self, home: Path, why: str) -> None:
        super().__init__(errno.EEXIST, why, str(home))

    def __str__(self) -> str:
        return f"{self.filename} {self.strerror}"


def prepare_home(home: Path) -> None:
    """Create a home for its owner's eyes only, or take one that is there as it is.

    Raises `HomeRefused` for a folder in which somebody else keeps files, and for one with members'
    clips whose database is gone: a new one would know nobody's voices, and the clips would be lost.
    """
    make_folder(home)
    if os.name == "posix" and stat.S_IMODE(home.stat().st_mode) & 0o077:
        log.warning("others can look into TIMBRE_HOME", extra={"folder": str(home)})
    database = home / DATABASE
    if (database.is_file() and database.stat().st_size) or (home / HOME_ID).is_file():
        return
    for entry in sorted(home.iterdir()):
        if entry.name not in _BEFORE and not entry.name.startswith((".", DATABASE)):
            raise HomeRefused(
                home, f"holds files that are not Timbre's ({entry.name}); name an empty folder"
            )
    if has_clips(home):
        raise HomeRefused(
            home,
            f"holds members' clips, but not their database {DATABASE}; put it back, or move the "
            f"folder {CLIPS} away to begin anew",
        )


def has_clips(home: Path) -> bool:
    """Whether members' clips lie in a home."""
    return any(OURS[CLIPS].fullmatch(path.name) for path in (home / CLIPS).glob("*"))


def is_own(path: str, folder: str) -> bool:
    """Whether a path from the home, with forward slashes, is one that Timbre writes in `folder`."""
    return path.startswith(f"{folder}/") and bool(OURS[folder].fullmatch(path, len(folder) + 1))


def own_files(home: Path, folder: str, before: float) -> list[Path]:
    """Timbre's files in a folder that were last written at `before` (Unix seconds) or earlier.

    Links are neither followed nor listed.
    """
    root, found = home / folder, []
    if root.is_symlink():
        return []
    for path in root.rglob("*"):
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue  # it went while we looked
        ours = OURS[folder].fullmatch(path.relative_to(root).as_posix())
        if ours and stat.S_ISREG(status.st_mode) and status.st_mtime <= before:
            found.append(path)
    return found
