"""What was spoken is counted by day, across restarts, also where it could not be stored at once."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.base.metrics import CountedLatencies, Metrics, percentile_of
from bot.base.statistics import Statistics, table
from bot.commands.statistics import statistics
from bot.settings import settings_of
from data.statistics import KEPT_DAYS, Counts
from data.store import Store
from tests.store import Clock, clock, store  # noqa: F401 - fixtures

DAY_S = 86_400


def busy(metrics: Metrics, first_sounds_ms: list[float]) -> None:
    """Two lines in each of which one of three pieces is new, and one that fails."""
    metrics.utterances += 2
    metrics.characters += 1234
    metrics.sound_ms += 90_000
    metrics.cache_hits += 1
    metrics.cache_misses += 2
    metrics.failures += 1
    for milliseconds in first_sounds_ms:
        metrics.first_sound.add(milliseconds)


async def test_days_add_up_across_restarts_and_nothing_counts_twice(
    store: Store,  # noqa: F811
    clock: Clock,  # noqa: F811
) -> None:
    first, again = Metrics(), Metrics()
    before, after = Statistics(store.statistics, first), Statistics(store.statistics, again)
    busy(first, [100.0, 110.0])
    await before.keep()
    await before.keep()
    busy(again, [100.0])
    await after.keep()
    (today,) = await store.statistics.days()
    assert today.day == int(clock.now // DAY_S)
    assert today.counts == Counts(4, 2468, 180_000, 2, 4, 2)
    assert sum(today.first_sounds.values()) == 3
    clock.now += DAY_S
    busy(again, [])
    await after.keep()
    assert [day.counts.utterances for day in await store.statistics.days()] == [2, 4]
    clock.now += KEPT_DAYS * DAY_S
    busy(again, [])
    await after.keep()
    assert [day.counts.utterances for day in await store.statistics.days()] == [2, 2]


async def test_what_could_not_be_stored_is_stored_the_next_time(
    store: Store,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("data.database.BUSY_TIMEOUT_S", 0.05)
    metrics = Metrics()
    kept = Statistics(store.statistics, metrics)
    busy(metrics, [50.0])
    with closing(sqlite3.connect(tmp_path / "timbre.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await kept.keep()
    assert "statistics could not be stored" in caplog.text
    assert await store.statistics.days() == []
    await kept.keep()
    (today,) = await store.statistics.days()
    assert today.counts.utterances == 2
    assert sum(today.first_sounds.values()) == 1


@pytest.mark.parametrize("percent", [50, 95])
def test_percentiles_of_counted_latencies_are_right_to_a_twentieth(percent: int) -> None:
    latencies = CountedLatencies()
    for number in range(1000):
        latencies.add(20.0 + number)
    assert percentile_of(latencies.counts, percent) == pytest.approx(20 + 10 * percent, rel=0.06)
    assert percentile_of({}, percent) is None


async def test_the_table_says_a_day_a_line(
    store: Store,  # noqa: F811
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = settings_of({"TIMBRE_HOME": str(tmp_path)})
    assert await statistics(settings) == 0
    assert capsys.readouterr().out == "Nothing was spoken in the last 30 days.\n"
    metrics = Metrics()
    busy(metrics, [1000.0])
    await Statistics(store.statistics, metrics).keep()
    assert await statistics(settings) == 0
    heading, row, note = capsys.readouterr().out.splitlines()
    assert heading.split("  ")[0].strip() == "day (UTC)"
    assert row.split()[1:7] == ["2", "1,234", "1.5", "33%", "1", row.split()[6]]
    assert int(row.split()[6].replace(",", "")) == pytest.approx(1000, rel=0.06)
    assert len(heading) == len(row)
    assert note.startswith("p50 and p95 are from a command to its first sound")
    assert len(table(await store.statistics.days() * 31)) < 4000, "an embed takes no more"
