"""Compiled kernels on disk, so that a machine compiles each of them once.

What is kept depends on the source, its options, the architecture and the compiler, and on nothing
of the driver: a driver loads what older and newer compilers made for its card.
"""

from collections.abc import Callable
from pathlib import Path

from platformdirs import user_cache_path

from engine.kept_files import KeptFiles

#: So many files are kept: some generations of this project's kernels.
MOST_FILES = 64


class CubinCache:
    """One private folder. What cannot be read or written costs compiling anew, and no more."""

    def __init__(self, folder: Path | None = None, most: int = MOST_FILES) -> None:
        self.folder = folder or user_cache_path("timbre", appauthor=False) / "kernels"
        self._files = KeptFiles(self.folder, what="compiled kernels", suffix=".cubin", most=most)

    def get(self, key: tuple[str, ...], compiled: Callable[[], bytes]) -> bytes:
        """What was kept under `key`, or what `compiled` returns now, which is kept."""
        kept = self._files.read(key)
        if kept is not None:
            return kept
        cubin = compiled()
        self._files.keep(key, cubin)
        return cubin
