"""What is late is spoken faster, up to what the server lets it be."""

import pytest

from bot.live.pace import rate_after


@pytest.mark.parametrize(
    ("waited_s", "most_percent", "rate"),
    [(0, 140, 1.0), (5, 140, 1.0), (17.5, 140, 1.2), (30, 140, 1.4), (170, 140, 1.4), (30, 100, 1)],
)
def test_the_longer_it_waited_the_faster_it_is(
    waited_s: float, most_percent: int, rate: float
) -> None:
    assert rate_after(waited_s, most_percent) == pytest.approx(rate)
