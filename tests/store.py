"""A store in a temporary folder, with a clock that the test turns by hand."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from data.store import Store


@dataclass
class Clock:
    """Time that passes by hand and, where a step is given, with each reading."""

    now: float = 1_800_000_000.5
    step_s: float = 0.0

    def __call__(self) -> float:
        self.now += self.step_s
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path / "timbre.db", clock)
    yield store
    await store.close()
