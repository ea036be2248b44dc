"""A server for each test anew; nothing heavy is in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from data.store import Store
from tests.bot.http.serving import Served, serving
from tests.bot.speech.tones import Tones


@pytest.fixture
def tones() -> Tones:
    return Tones()


@pytest.fixture
async def served(tones: Tones, store: Store, tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tones, store, tmp_path) as opened:
        yield opened
