"""Compiled kernels on disk, so that a machine compiles each of them once.

What is kept depends on the source, its options, the architecture and the compiler, and on nothing
of the driver: a driver loads what older and newer compilers made for its card.
"""

import hashlib
import logging
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from platformdirs import user_cache_path

#: So many files are kept: some generations of this project's kernels.
MOST_FILES = 64
_DIGEST_BYTES = 32

_log = logging.getLogger(__name__)


class CubinCache:
    """One private folder. What cannot be read or written costs compiling anew, and no more."""

    def __init__(self, folder: Path | None = None, most: int = MOST_FILES) -> None:
        self.folder = folder or user_cache_path("timbre", appauthor=False) / "kernels"
        self._most = most

    def get(self, key: tuple[str, ...], compiled: Callable[[], bytes]) -> bytes:
        """What was kept under `key`, or what `compiled` returns now, which is kept."""
        path = self.folder / f"{_digest(chr(0).join(key).encode()).hex()}.cubin"
        kept = _read(path)
        if kept is not None:
            return kept
        cubin = compiled()
        try:
            self._write(path, cubin)
        except OSError as error:
            _log.warning("compiled kernels cannot be kept in %s: %s", self.folder, error.strerror)
        return cubin

    def _write(self, path: Path, cubin: bytes) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = path.with_suffix(f".{secrets.token_hex(8)}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(new, flags, 0o600), "wb") as file:
            file.write(_digest(cubin) + cubin)
        new.replace(path)
        files = [(file.stat().st_mtime, file) for file in self.folder.iterdir()]
        for _, old in sorted(files)[: -self._most]:
            old.unlink(missing_ok=True)


def _read(path: Path) -> bytes | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, cubin = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if digest != _digest(cubin):
        _log.warning("%s is damaged: its kernels are compiled anew", path.name)
        return None
    return cubin


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
