"""The bot processes that share this database: who lives, what is told, and whose turn it is.

A process that has no row (any more) writes nothing: see `fence`.
"""

import msgspec

from data.part import StorePart

#: Tables that a process may write to without a row in `processes`.
UNFENCED = ("processes", "notices", "acknowledgements", "claims")


class ProcessRow(msgspec.Struct, frozen=True, kw_only=True):
    """A process with some shards. `lease_until` is in seconds by the clock of all: see `now`."""

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

    @property
    def of_one_machine(self) -> bool:
        """Whether all processes are on this machine."""
        return self._database.of_one_machine

    async def now(self) -> float | None:
        """The time by the clock of all processes; None: it is the machine's monotonic one."""
        return await self._database.now()

    async def all(self) -> list[ProcessRow]:
        return await self._database.rows(ProcessRow, "processes", order="first_shard, process")

    async def living(self, monotonic_s: float) -> set[int]:
        """The first shards of the processes whose leases last, by the clock of all.

        Where that is the machine's monotonic one, it says `monotonic_s`.
        """
        now = await self.now()
        until = monotonic_s if now is None else now
        return {row.first_shard for row in await self.all() if row.lease_until > until}

    async def join(self, row: ProcessRow) -> None:
        await self._database.insert("processes", row)

    async def fence(self, process: str) -> None:
        """From now on this connection writes only while `process` has a row.

        Otherwise its statements raise `RuleBroken`: one that was frozen, and that the
        others gave up, would else store what they have deleted meanwhile.
        """
        await self._database.fence(process, UNFENCED)

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
        row = {"process": process, "content": content}
        return await self._database.insert_numbered("notices", row, number="notice_id")

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
            "INSERT INTO acknowledgements (notice_id, process) "
            "SELECT notice_id, ? FROM notices WHERE notice_id = ? ON CONFLICT DO NOTHING",
            process,
            notice_id,
        )

    async def unacknowledged(self, notice_id: int) -> list[ProcessRow]:
        """The processes that have not acted on a notice yet; its sender is none of them."""
        return await self._database.select(
            ProcessRow,
            "SELECT p.* FROM processes AS p JOIN notices AS n ON n.notice_id = ? "
            "WHERE p.process <> n.process AND NOT EXISTS (SELECT 1 FROM acknowledgements AS a "
            "WHERE a.notice_id = n.notice_id AND a.process = p.process)",
            notice_id,
        )

    async def claim(self, subject: str, process: str) -> bool:
        """Take a turn; false while another process, or another task of this one, has it."""
        row = {"subject": subject, "process": process}
        return await self._database.insert("claims", row, unless_known=True)

    async def release(self, subject: str, process: str) -> None:
        await self._database.delete("claims", subject=subject, process=process)
