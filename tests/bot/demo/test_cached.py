"""Cached speech is timed through the product's own service, cache and database."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.base.metrics import Metrics
from bot.base.objects import FolderObjects
from bot.demo.cached import measure
from bot.speech.audio.cache import Later, SpeechCache
from bot.speech.audio.codec import Codec
from bot.speech.detection import Detector
from bot.speech.line_languages import LineLanguages
from bot.speech.names import CalledNames
from bot.speech.pronouncing import Pronouncing
from bot.speech.reading import Reader
from bot.speech.saying import Sayings
from bot.speech.service import SpeechService
from bot.speech.voice_copies import VoiceCopies
from bot.text import PronunciationLimits, TextLimits
from bot.voices.choosing import Voices
from bot.voices.sharing import Sharing
from data.rows import OwnName, SpeechOrigin
from data.store import Store
from tests.engine.scripted_executor import journal, scripted_executor


class Forgetful(SpeechCache):
    async def get(
        self,
        key: str,
        origin: SpeechOrigin | None = None,
        *,
        own_names: Sequence[OwnName] = (),
        later: Later | None = None,
    ) -> tuple[bytes, ...] | None:
        del key, origin, own_names, later
        return None


@pytest.mark.parametrize("kind", [SpeechCache, Forgetful])
async def test_what_is_timed_comes_from_the_cache(
    tmp_path: Path, store: Store, kind: type[SpeechCache]
) -> None:
    """The engine speaks once, and every request is a look-up; else there are no figures."""
    objects = FolderObjects(tmp_path)
    copies = VoiceCopies(store, objects, tmp_path)
    cache = kind(objects, store, Codec(-18, -1.5, 64), max_bytes=10_000_000)
    async with scripted_executor(tmp_path) as executor:
        metrics = Metrics()
        service = SpeechService(executor, cache, copies, metrics, deadline_s=5)
        sayings = Sayings(
            service,
            Voices(store, tmp_path, Sharing(store, service, clock=time.monotonic)),
            Reader(TextLimits(), lambda: datetime.now(UTC)),
            Pronouncing(store, PronunciationLimits()),
            languages=LineLanguages(store.member_languages, store.guild_settings, Detector()),
            called=CalledNames(store.member_words, store.guild_settings, store.bars),
            guild_settings=store.guild_settings,
        )
        if kind is Forgetful:
            with pytest.raises(RuntimeError, match="should have been kept"):
                await measure(sayings, 10)
            return
        figures = await measure(sayings, 10)
    assert (metrics.cache_hits, metrics.cache_misses) == (10, 1)
    assert len(journal(tmp_path, "spoke")) == 1
    assert 0 < figures.p50_ms <= figures.p99_ms
