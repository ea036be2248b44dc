"""Which bot processes of a home live: each holds the lock of a file, and a dead one's is free."""

import logging
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from data.processes import ProcessRow, ProcessStore

log = logging.getLogger(__name__)


class ProcessLock:
    """The lock that one process holds as long as it lives, in a file of `folder`."""

    def __init__(self, folder: Path, process: str) -> None:
        self._path = folder / f"{process}.lock"
        self._lock = FileLock(self._path)

    def acquire(self) -> None:
        """Raises `filelock.Timeout` where a living process has it."""
        self._lock.acquire(blocking=False)

    def release(self) -> None:
        self._lock.release()
        self._path.unlink(missing_ok=True)


class OtherProcesses:
    """All processes of the home but `process`, given up where they are gone."""

    def __init__(
        self, rows: ProcessStore, folder: Path, process: str, clock: Callable[[], float]
    ) -> None:
        self._rows = rows
        self._folder = folder
        self._process = process
        self._clock = clock

    async def give_up_gone(self) -> None:
        others = [row for row in await self._rows.all() if row.process != self._process]
        await self.give_up([row for row in others if self.is_gone(row)])

    async def give_up(self, rows: list[ProcessRow]) -> None:
        for row in rows:
            if await self._rows.remove(row):
                log.warning(
                    "a bot process was given up",
                    extra={"shards": f"{row.first_shard}-{row.last_shard}/{row.shard_count}"},
                )

    def is_gone(self, row: ProcessRow) -> bool:
        """Whether a process is dead, by its lock, or its lease has ended."""
        lock = ProcessLock(self._folder, row.process)
        try:
            lock.acquire()
        except Timeout:
            return row.lease_until < self._clock()
        lock.release()
        return True
