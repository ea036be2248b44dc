"""Latencies: percentiles over the last ones only."""

import pytest

from bot.base.metrics import Latencies


@pytest.mark.parametrize(
    ("size", "values", "percent", "expected"),
    [
        (1000, range(1, 102), 50, 51),
        (1000, range(1, 102), 99, 100),
        (1000, [], 50, None),
        (1000, [7], 95, 7),
        (3, [1000, 1, 2, 3], 99, 2.98),
    ],
)
def test_percentiles(size: int, values: list[float], percent: int, expected: float | None) -> None:
    latencies = Latencies(size)
    for value in values:
        latencies.add(value)
    assert latencies.percentile(percent) == pytest.approx(expected)
