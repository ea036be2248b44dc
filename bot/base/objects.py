"""Where clips and renderings lie: in files under TIMBRE_HOME, or in a bucket that machines share.

The one interface of both. A name is a path from the home, with forward slashes: `clips/….flac`.
Content is whole or absent, whatever breaks off. Failures are `OSError`s, as of files:
`FileNotFoundError` says for certain that there is no such content.
"""

import asyncio
import errno
import math
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from bot.base import private_files
from bot.base.home import own_files

Read = TypeVar("Read")


class ObjectsFailed(OSError):
    """A bucket did not do what was asked. `str(error)` says why, for whoever runs the bot."""

    def __init__(self, why: str) -> None:
        super().__init__(errno.EIO, why)

    def __str__(self) -> str:
        return str(self.strerror)


class Objects(Protocol):
    """All raise `OSError`; a bucket's `ObjectsFailed` says nothing of what is there."""

    @property
    def elsewhere(self) -> bool:
        """Whether nothing of it is under TIMBRE_HOME, which is each machine's own then."""

    async def get(self, name: str, read: Callable[[bytes], Read]) -> Read:
        """What `read` makes of the content, in a thread. Raises `FileNotFoundError`, too."""

    async def put(self, name: str, content: bytes) -> None:
        """Write, in place of what was there."""

    async def take(self, path: Path, name: str) -> None:
        """Have what is in a file of this machine, which goes. Survives a loss of power."""

    async def delete(self, names: Iterable[str]) -> None:
        """Delete; what is gone already does not matter."""

    async def missing(self, names: Iterable[str]) -> set[str]:
        """Those of `names` that are for certain not there."""

    async def names(self, folder: str, before: float = math.inf) -> list[str]:
        """Timbre's in a folder, last written at `before` (Unix seconds) or earlier."""

    def file(self, name: str) -> AbstractAsyncContextManager[Path]:
        """A file of this machine with the content, as long as it is entered."""


class FolderObjects:
    """Files under `home`, for their owner's eyes only."""

    elsewhere = False

    def __init__(self, home: Path) -> None:
        self._home = home

    async def get(self, name: str, read: Callable[[bytes], Read]) -> Read:
        return await asyncio.to_thread(lambda: read((self._home / name).read_bytes()))

    async def put(self, name: str, content: bytes) -> None:
        await asyncio.to_thread(private_files.write, self._home / name, content)

    async def take(self, path: Path, name: str) -> None:
        await asyncio.to_thread(self._move, path, self._home / name)

    async def delete(self, names: Iterable[str]) -> None:
        await asyncio.to_thread(private_files.remove, [self._home / name for name in names])

    async def missing(self, names: Iterable[str]) -> set[str]:
        asked = list(names)
        return await asyncio.to_thread(
            lambda: {name for name in asked if not (self._home / name).is_file()}
        )

    async def names(self, folder: str, before: float = math.inf) -> list[str]:
        found = await asyncio.to_thread(own_files, self._home, folder, before)
        return [path.relative_to(self._home).as_posix() for path in found]

    @asynccontextmanager
    async def file(self, name: str) -> AsyncGenerator[Path, None]:
        yield self._home / name

    @staticmethod
    def _move(path: Path, to: Path) -> None:
        private_files.make_folder(to.parent)
        private_files.move(path, to)
