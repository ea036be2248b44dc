"""Files that wait for the clock are found where the lanes look for them."""

from pathlib import Path

import pytest

from tests.conftest import NOT_TIMED, TIMED
from tests.lanes import LONGEST

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("place", [*TIMED, *NOT_TIMED, *LONGEST])
def test_what_waits_for_the_clock_is_where_the_lanes_look(place: str) -> None:
    """After a rename its files would run at a lower priority without a word."""
    assert place.endswith("/") == (ROOT / place).is_dir()
    assert (ROOT / place).exists()
