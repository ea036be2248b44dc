"""Who has to wait, for all processes of the bot: people by their codes, shards by their buckets."""

from data.database import Value
from data.part import StorePart


class PauseStore(StorePart):
    """Pauses that are over say nothing, and are deleted with the next one."""

    async def until(self, kind: str, person: str) -> float | None:
        """When a person may do something again (Unix seconds); None: now."""
        found = await self._database.column(
            "SELECT until FROM pauses WHERE kind = ? AND person = ? AND until > ?",
            kind,
            person,
            self._clock(),
        )
        return found[0] if found else None

    async def pause(self, kind: str, person: str, for_s: float) -> None:
        now = self._clock()
        async with self._database.transaction():
            await self.forget_over()
            row: dict[str, Value] = {"kind": kind, "person": person, "until": now + for_s}
            await self._database.upsert("pauses", row, key="kind, person")

    async def forget_over(self) -> int:
        """Delete the pauses that are over; returns how many."""
        return await self._database.execute("DELETE FROM pauses WHERE until <= ?", self._clock())

    async def identify_in(self, bucket: int, every_s: float, most_s: float) -> float:
        """Reserve the next turn of a bucket, one every `every_s`; how long it is until then.

        Where that is more than `most_s` the clock was set back, and the turn is now.
        """
        now = self._clock()
        async with self._database.transaction():
            found = await self._database.column(
                "SELECT next_at FROM identifies WHERE bucket = ?", bucket
            )
            turn: float = max([now, *found])
            if turn - now > most_s:
                turn = now
            row = {"bucket": bucket, "next_at": turn + every_s}
            await self._database.upsert("identifies", row, key="bucket")
        return turn - now
