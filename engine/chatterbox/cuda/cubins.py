"""Compiled kernels on disk, so that a machine compiles each of them once.

What is kept depends on the source, its options, the architecture and the compiler, and on nothing
of the driver: a driver loads what older and newer compilers made for its card.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path

from platformdirs import user_cache_path

from engine.kept_files import KeptFiles

#: So many files are kept: some generations of this project's kernels.
MOST_FILES = 64

#: By folder and key: what was begun and nobody has asked for yet.
_begun: dict[tuple[Path, tuple[str, ...]], Future[bytes]] = {}
_begins = threading.Lock()


class CubinCache:
    """One private folder. What cannot be read or written costs compiling anew, and no more."""

    def __init__(self, folder: Path | None = None, most: int = MOST_FILES) -> None:
        self.folder = folder or user_cache_path("timbre", appauthor=False) / "kernels"
        self._files = KeptFiles(self.folder, what="compiled kernels", suffix=".cubin", most=most)

    def begin(self, key: tuple[str, ...], compiled: Callable[[], bytes], pool: Executor) -> None:
        """Have `pool` do what the next `get` of this key would, which then waits for it."""
        with _begins:
            if (self.folder, key) not in _begun:
                _begun[self.folder, key] = pool.submit(self._found_or_made, key, compiled)

    def get(self, key: tuple[str, ...], compiled: Callable[[], bytes]) -> bytes:
        """What was kept under `key`, or what `compiled` returns now, which is kept.

        Raises what `compiled` raises.
        """
        with _begins:
            begun = _begun.pop((self.folder, key), None)
        return self._found_or_made(key, compiled) if begun is None else begun.result()

    def _found_or_made(self, key: tuple[str, ...], compiled: Callable[[], bytes]) -> bytes:
        kept = self._files.read(key)
        if kept is not None:
            return kept
        cubin = compiled()
        self._files.keep(key, cubin)
        return cubin
