"""Statistics that outlive a restart: how much was spoken on each day, and how quickly.

For who runs the bot. They say nothing of a person or a server.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.base.metrics import Metrics, percentile_of
from data.errors import DatabaseClosed, StoreFailed
from data.statistics import Counts, Day, StatisticsStore

INTERVAL_S = 60.0
_COLUMNS = ("day (UTC)", "lines", "characters", "minutes", "cached", "failed", "p50 ms", "p95 ms")

log = logging.getLogger(__name__)


class Statistics:
    """Stores what `metrics` has counted since it was last stored."""

    def __init__(self, store: StatisticsStore, metrics: Metrics) -> None:
        self._store = store
        self.metrics = metrics
        self._stored = Counts()
        self._stored_first_sounds: Counter[int] = Counter()
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Store what is new once a minute, for ever."""
        while True:
            await asyncio.sleep(INTERVAL_S)
            await self.keep()

    async def keep(self) -> None:
        """Store what is new. Where that fails it is logged, and stored the next time."""
        async with self._turn:
            counts = counted(self.metrics)
            first_sounds = self.metrics.first_sound.counts.copy()
            new = counts - self._stored
            if new == Counts() and first_sounds == self._stored_first_sounds:
                return
            try:
                await self._store.add(new, first_sounds - self._stored_first_sounds)
            except (StoreFailed, DatabaseClosed) as error:
                log.warning("statistics could not be stored", extra={"reason": str(error)})
                return
            self._stored, self._stored_first_sounds = counts, first_sounds

    async def days(self) -> list[Day]:
        """The last 30 days up to now, the latest first."""
        await self.keep()
        return await self._store.days()


def counted(metrics: Metrics) -> Counts:
    """What was counted since the start."""
    return Counts(**{name: getattr(metrics, name) for name in Counts.__struct_fields__})


def table(days: Sequence[Day]) -> str:
    """The days as lines of text in columns, under a heading."""
    rows = [_COLUMNS, *map(_row, days)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return "\n".join(lines)


def _row(day: Day) -> tuple[str, ...]:
    counts = day.counts
    looked_up = counts.cache_hits + counts.cache_misses
    date = datetime.fromtimestamp(day.day * 86_400, UTC).date().isoformat()
    latencies = (percentile_of(day.first_sounds, percent) for percent in (50, 95))
    return (
        date,
        f"{counts.utterances:,}",
        f"{counts.characters:,}",
        f"{counts.sound_ms / 60_000:,.1f}",
        f"{counts.cache_hits / looked_up:.0%}" if looked_up else "-",
        f"{counts.failures:,}",
        *("-" if latency is None else f"{latency:,.0f}" for latency in latencies),
    )
