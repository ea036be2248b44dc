"""Who has to wait, for all processes of the bot.

People do by their codes, shards by their buckets, and requests to Discord's REST API all together.
What processes of several machines agree on is in the database's time, if that has a clock.
"""

from data.columns import Value
from data.part import StorePart

#: Requests to Discord wait so long at most: what says more is of a clock that was set back.
REST_MOST_S = 60.0
#: The row of these requests, which are nobody's.
_REST: dict[str, Value] = {"kind": "rest", "person": ""}


class PauseStore(StorePart):
    """Pauses that are over say nothing, and are deleted with the next one."""

    async def until(self, kind: str, person: str, most_s: float) -> float | None:
        """When a person may do something again (Unix seconds); None: now.

        Also where that is in more than `most_s`, the longest pause of its kind: the clock was set
        back then.
        """
        now = self._clock()
        found = await self._database.column(
            "SELECT until FROM pauses WHERE kind = ? AND person = ? AND until > ? AND until <= ?",
            *(kind, person, now, now + most_s),
        )
        return found[0] if found else None

    async def pause(self, kind: str, person: str, for_s: float) -> None:
        now = self._clock()
        async with self._database.transaction():
            await self.forget_over()
            row: dict[str, Value] = {"kind": kind, "person": person, "until": now + for_s}
            await self._database.upsert("pauses", row, key="kind, person")

    async def forget_over(self) -> int:
        """Delete the pauses of people that are over; returns how many."""
        return await self._database.execute(
            "DELETE FROM pauses WHERE until <= ? AND kind <> ?", self._clock(), _REST["kind"]
        )

    async def identify_in(self, bucket: int, every_s: float, most_s: float) -> float:
        """Reserve the next turn of a bucket, one every `every_s`; how long it is until then.

        Where that is more than `most_s` the clock was set back, and the turn is now.
        """
        now = await self._now()
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

    async def rest_in(self, every_s: float, at_once: int) -> float:
        """Reserve the next request to Discord's REST API; how long it is until then.

        One every `every_s`, after a pause `at_once` of them together: the generic cell rate
        algorithm of ATM (ITU-T I.371), by its virtual schedule.
        """
        now = await self._now()
        async with self._database.transaction():
            scheduled = await self._rest_scheduled(now)
            await self._schedule_rest(scheduled + every_s)
        return max(0.0, scheduled - now - (at_once - 1) * every_s)

    async def rest_not_within(self, for_s: float, every_s: float, at_once: int) -> None:
        """Have all requests that are not reserved yet wait for so long, or `REST_MOST_S`."""
        now = await self._now()
        until = now + min(for_s + (at_once - 1) * every_s, REST_MOST_S)
        async with self._database.transaction():
            await self._schedule_rest(max(until, await self._rest_scheduled(now)))

    async def _rest_scheduled(self, now: float) -> float:
        found = await self._database.column(
            "SELECT until FROM pauses WHERE kind = ? AND person = ?", *_REST.values()
        )
        scheduled: float = max([now, *found])
        return now if scheduled - now > REST_MOST_S else scheduled

    async def _schedule_rest(self, at: float) -> None:
        await self._database.upsert("pauses", {**_REST, "until": at}, key="kind, person")

    async def _now(self) -> float:
        now = await self._database.now()
        return self._clock() if now is None else now
