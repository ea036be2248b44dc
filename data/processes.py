"""The bot processes that share this database: who lives, what is told, and whose turn it is.

A process that has no row (any more) writes nothing: see `fence`.
"""

import msgspec

from data.part import StorePart

#: Tables that a process may write to without a row in `processes`.
_UNFENCED = ("processes", "notices", "acknowledgements", "claims")


class ProcessRow(msgspec.Struct, frozen=True, kw_only=True):
    """A process with some shards. `lease_until` is in seconds of the machine's monotonic clock."""

    process: str
    first_shard: int
    last_shard: int
    shard_count: int
    guilds: int = 0
    lease_until: float = 0.0


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What one process wants all others to act on."""

    notice_id: int
    content: str


class ProcessStore(StorePart):
    """Leases, notices and claims. What belongs to a process goes with its row."""

    async def all(self) -> list[ProcessRow]:
        return await self._database.rows(ProcessRow, "processes", order="first_shard, process")

    async def join(self, row: ProcessRow) -> None:
        await self._database.insert("processes", row)

    async def fence(self, process: str) -> None:
        """From now on this connection writes only while `process` has a row.

        Otherwise its statements raise `sqlite3.IntegrityError`: one that was frozen, and that the
        others gave up, would else store what they have deleted meanwhile.
        """
        tables = await self._database.column(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        for table in tables:
            for change in () if table in _UNFENCED else ("INSERT", "UPDATE"):
                await self._database.execute(
                    f"CREATE TEMP TRIGGER IF NOT EXISTS fence_{change}_{table} "  # noqa: S608
                    f"BEFORE {change} ON main.{table} WHEN NOT EXISTS "
                    f"(SELECT 1 FROM main.processes WHERE process = '{process}') "
                    "BEGIN SELECT RAISE(ABORT, 'this process was given up by the others'); END"
                )

    async def renew(self, process: str, lease_until: float, guilds: int) -> bool:
        """Prolong a lease; false where the others have given this process up."""
        changes = {"lease_until": lease_until, "guilds": guilds}
        return bool(await self._database.update("processes", changes, process=process))

    async def remove(self, row: ProcessRow) -> bool:
        """Remove a process as it was seen; false where it has renewed its lease since."""
        return bool(
            await self._database.delete(
                "processes", process=row.process, lease_until=row.lease_until
            )
        )

    async def leave(self, process: str) -> None:
        await self._database.delete("processes", process=process)

    async def tell(self, process: str, content: str) -> int:
        """Put up a notice; returns its id."""
        return await self._database.insert("notices", {"process": process, "content": content})

    async def stands(self, notice_id: int) -> bool:
        """Whether a notice is still up: it goes with its sender."""
        return bool(
            await self._database.column("SELECT 1 FROM notices WHERE notice_id = ?", notice_id)
        )

    async def take_back(self, notice_id: int) -> None:
        await self._database.delete("notices", notice_id=notice_id)

    async def notices_for(self, process: str) -> list[Notice]:
        """The notices of all others."""
        return await self._database.select(
            Notice,
            "SELECT notice_id, content FROM notices WHERE process <> ? ORDER BY notice_id",
            process,
        )

    async def acknowledge(self, notice_id: int, process: str) -> None:
        """Note that a process has acted on a notice, if that still stands."""
        await self._database.execute(
            "INSERT OR IGNORE INTO acknowledgements "
            "SELECT notice_id, ? FROM notices WHERE notice_id = ?",
            process,
            notice_id,
        )

    async def unacknowledged(self, notice_id: int) -> list[ProcessRow]:
        """The processes that have not acted on a notice yet; its sender is none of them."""
        return await self._database.select(
            ProcessRow,
            "SELECT p.* FROM processes AS p JOIN notices AS n ON n.notice_id = ?1 "
            "WHERE p.process <> n.process AND NOT EXISTS (SELECT 1 FROM acknowledgements AS a "
            "WHERE a.notice_id = ?1 AND a.process = p.process)",
            notice_id,
        )

    async def claim(self, subject: str, process: str) -> bool:
        """Take a turn; false while another process, or another task of this one, has it."""
        row = {"subject": subject, "process": process}
        return bool(
            await self._database.execute(
                "INSERT OR IGNORE INTO claims (subject, process) VALUES (?, ?)", *row.values()
            )
        )

    async def release(self, subject: str, process: str) -> None:
        await self._database.delete("claims", subject=subject, process=process)
