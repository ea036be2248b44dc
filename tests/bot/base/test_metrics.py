"""Latencies: percentiles over the last ones only."""

import pytest

from bot.base.metrics import Latencies


def test_percentiles_of_a_known_series() -> None:
    latencies = Latencies()
    for value in range(1, 102):
        latencies.add(value)
    assert latencies.percentile(50) == pytest.approx(51)
    assert latencies.percentile(99) == pytest.approx(100)


def test_nothing_measured_is_none_and_one_value_is_itself() -> None:
    latencies = Latencies()
    assert latencies.percentile(50) is None
    latencies.add(7)
    assert latencies.percentile(95) == 7


def test_old_values_are_forgotten() -> None:
    latencies = Latencies(size=3)
    for value in (1000, 1, 2, 3):
        latencies.add(value)
    assert latencies.percentile(99) <= 3
