"""Cached speech is timed through the product's own service, cache and database."""

from pathlib import Path

import pytest

from bot.base.metrics import Metrics
from bot.demo.cached import measure
from bot.speech.audio.cache import Codec, SpeechCache
from bot.speech.service import SpeechService
from data.store import Store
from tests.engine.scripted_executor import journal, scripted_executor


class Forgetful(SpeechCache):
    async def get(self, key: str) -> tuple[bytes, ...] | None:
        del key
        return None


@pytest.mark.parametrize("kind", [SpeechCache, Forgetful])
async def test_what_is_timed_comes_from_the_cache(
    tmp_path: Path, store: Store, kind: type[SpeechCache]
) -> None:
    """The engine speaks once, and every request is a look-up; else there are no figures."""
    cache = kind(tmp_path, store, Codec(-18, -1.5, 64), max_bytes=10_000_000)
    async with scripted_executor(tmp_path) as executor:
        metrics = Metrics()
        service = SpeechService(executor, cache, metrics, look_ahead_chunks=2, deadline_s=5)
        if kind is Forgetful:
            with pytest.raises(RuntimeError, match="should have been kept"):
                await measure(service, 10)
            return
        figures = await measure(service, 10)
    assert (metrics.cache_hits, metrics.cache_misses) == (10, 1)
    assert len(journal(tmp_path, "spoke")) == 1
    assert 0 < figures.p50_ms <= figures.p99_ms
