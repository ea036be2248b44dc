"""Which bot processes of a home live.

On one machine each holds the lock of a file, and a dead one's is free. On several a process lives
as long as its lease.
"""

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

    async def now(self) -> float:
        """The time by which leases end."""
        now = await self._rows.now()
        return self._clock() if now is None else now

    async def give_up_gone(self) -> None:
        rows = await self._rows.all()
        await self.give_up_gone_of([row for row in rows if row.process != self._process])

    async def give_up_gone_of(self, rows: list[ProcessRow]) -> None:
        if rows:
            now = await self.now()
            for row in rows:
                if self._is_dead(row):
                    await self.give_up([row], "dead")
                elif row.lease_until < now:
                    await self.give_up([row], "expired")

    async def give_up(self, rows: list[ProcessRow], why: str) -> None:
        for row in rows:
            if await self._rows.remove(row):
                shards = f"{row.first_shard}-{row.last_shard}/{row.shard_count}"
                log.warning("a bot process was given up", extra={"shards": shards, "why": why})

    def _is_dead(self, row: ProcessRow) -> bool:
        if not self._rows.of_one_machine:  # no lock of another machine's processes is seen here
            return False
        lock = ProcessLock(self._folder, row.process)
        try:
            lock.acquire()
        except Timeout:
            return False
        lock.release()
        return True
