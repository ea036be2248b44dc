"""What the bot did on each day: counts, in which there is no person and no server."""

from collections.abc import Mapping

import msgspec

from data.part import StorePart

_DAY_S = 86_400
KEPT_DAYS = 30


class Counts(msgspec.Struct, frozen=True):
    """What was done in some time. `failures` are pieces of text that could not be spoken."""

    utterances: int = 0
    characters: int = 0
    sound_ms: int = 0
    cache_hits: int = 0
    cache_misses: int = 0
    failures: int = 0

    def __sub__(self, other: "Counts") -> "Counts":
        mine, others = msgspec.structs.astuple(self), msgspec.structs.astuple(other)
        return Counts(*(one - another for one, another in zip(mine, others, strict=True)))


class _CountsOfDay(Counts, frozen=True, kw_only=True):
    day: int


class _Bucket(msgspec.Struct, frozen=True):
    day: int
    bucket: int
    count: int


class Day(msgspec.Struct, frozen=True):
    """A day, counted from 1970 in UTC. `first_sounds` is by bucket, as in `bot.base.metrics`."""

    day: int
    counts: Counts
    first_sounds: dict[int, int]


class StatisticsStore(StorePart):
    """The last `KEPT_DAYS` days, and today."""

    async def add(self, counts: Counts, first_sounds: Mapping[int, int]) -> None:
        """Add to what today has already, and delete what is too old."""
        today = int(self._clock() // _DAY_S)
        columns = msgspec.structs.asdict(counts)
        sums = ", ".join(f"{name} = {name} + ?" for name in columns)
        async with self._database.transaction():
            await self._database.insert("daily_counts", {"day": today}, unless_known=True)
            await self._database.execute(
                f"UPDATE daily_counts SET {sums} WHERE day = ?",  # noqa: S608
                *columns.values(),
                today,
            )
            await self._database.execute_each(
                "INSERT INTO daily_first_sounds VALUES (?, ?, ?) ON CONFLICT (day, bucket) "
                "DO UPDATE SET count = daily_first_sounds.count + excluded.count",
                [(today, bucket, count) for bucket, count in first_sounds.items()],
            )
            for table in ("daily_counts", "daily_first_sounds"):
                oldest = today - KEPT_DAYS
                await self._database.execute(f"DELETE FROM {table} WHERE day < ?", oldest)  # noqa: S608

    async def days(self) -> list[Day]:
        """The days on which anything was done, the latest first."""
        rows = await self._database.rows(_CountsOfDay, "daily_counts", order="day DESC")
        buckets = await self._database.rows(_Bucket, "daily_first_sounds")
        return [
            Day(
                row.day,
                Counts(*(getattr(row, name) for name in Counts.__struct_fields__)),
                {one.bucket: one.count for one in buckets if one.day == row.day},
            )
            for row in rows
        ]
