"""The services around voices, and an empty store, for each test anew."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.house import House, a_house
from tests.store import clock, store

__all__ = ["clock", "store"]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as opened:
        yield opened
