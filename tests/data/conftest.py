"""A store in a temporary folder, with a clock that the test turns by hand."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from data.store import Store


@dataclass
class Clock:
    """Time that stands still until a test moves it."""

    now: float = 1_800_000_000.5

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path / "timbre.db", clock)
    yield store
    await store.close()
