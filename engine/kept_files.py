"""What is costly to make, kept on disk for the next process: privately, and only as it was made.

A file holds the SHA-256 of its content before it, so that damage is noticed. Several processes may
use one folder: each writes under a name of its own, then renames.
"""

import errno
import hashlib
import logging
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_DIGEST_BYTES = 32
#: A disk that holds fewer times what would be written has better use for it.
_LEAST_ROOM = 4
_UNFINISHED = ".part"
#: What is not finished after so long never will be.
_LONGEST_S = 3600.0

_log = logging.getLogger(__name__)


class KeptFiles:
    """One private folder. What cannot be read or written costs making it anew, and no more.

    `what` is kept in it, for the log; `most` files are, the newest. A file is not believed where
    somebody else could have written it.
    """

    def __init__(self, folder: Path, *, what: str, suffix: str, most: int) -> None:
        self.folder = folder
        self._what = what
        self._suffix = suffix
        self._most = most

    def read(self, key: tuple[str, ...]) -> bytes | None:
        """What was kept under `key`; None where there is nothing, or nothing to rely on."""
        path = self._path(key)
        try:
            with path.open("rb") as file:
                if not (_is_ours(self.folder.stat()) and _is_ours(os.fstat(file.fileno()))):
                    _log.warning("others can write %s: it is not used", path)
                    return None
                digest, content = file.read(_DIGEST_BYTES), file.read()
        except OSError:
            return None
        if digest != _digest(content):
            _log.warning("%s is damaged: it is made anew", path.name)
            return None
        return content

    def keep(self, key: tuple[str, ...], content: bytes) -> None:
        """Write what is to be read under `key`; where that cannot be, the log says why."""
        try:
            with self.unfinished(len(content)) as new:
                with new.open("wb") as file:
                    file.write(_digest(content))
                    file.write(content)
                new.replace(self._path(key))
            files = sorted(self._written())
            for _, old in files[: -self._most]:
                old.unlink(missing_ok=True)
            for written, left in files:  # by a process that was killed
                if left.suffix == _UNFINISHED and time.time() - written > _LONGEST_S:
                    left.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("%s cannot be kept in %s: %s", self._what, self.folder, error.strerror)

    @contextmanager
    def unfinished(self, size: int) -> Iterator[Path]:
        """A new file of nobody else's for `size` bytes, gone at the end. Raises `OSError`."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(self.folder.stat()):
            raise PermissionError(errno.EACCES, "others can write into it")
        if shutil.disk_usage(self.folder).free < _LEAST_ROOM * size:
            raise OSError(errno.ENOSPC, "too little room is left on the disk")
        new = self.folder / f"{secrets.token_hex(8)}{_UNFINISHED}"
        try:
            os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            yield new
        finally:
            new.unlink(missing_ok=True)

    def _written(self) -> Iterator[tuple[float, Path]]:
        """When each file was; another process may rename or remove one meanwhile."""
        for file in self.folder.iterdir():
            with suppress(FileNotFoundError):
                yield file.stat().st_mtime, file

    def _path(self, key: tuple[str, ...]) -> Path:
        return self.folder / f"{_digest(chr(0).join(key).encode()).hex()}{self._suffix}"


def _is_ours(found: os.stat_result) -> bool:
    """Whether nobody but this process's user can have written it. Windows has no such modes."""
    return os.name != "posix" or (found.st_uid == os.geteuid() and not found.st_mode & 0o022)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
