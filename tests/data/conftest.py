"""An empty store, and what to put into it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from data.rows import NewConditionals, NewSpeech, NewVoice, VoiceRow
from data.store import Store
from tests.postgresql import Lent, postgresql, postgresql_server
from tests.store import Clock, clock

__all__ = ["clock", "postgresql", "postgresql_server"]

#: Larger than what a float holds exactly, as Discord's ids are.
ALICE, BOB, CAROL = 2**62 + 1, 2**62 + 2, 2**62 + 3
HERE, ELSEWHERE = 2**62 + 10, 2**62 + 11


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock
) -> AsyncIterator[Store]:
    """An empty store, in each of the databases."""
    where: Path | str = tmp_path / "timbre.db"
    if request.param == "postgresql":
        server: Lent = request.getfixturevalue("postgresql")
        where = await server.new()
    store = await Store.open(where, clock)
    yield store
    await store.close()


async def register(store: Store, owner_id: int, name: str, **other: Any) -> VoiceRow:
    """Insert a voice with plausible values."""
    values: dict[str, Any] = {
        "guild_id": None,
        "clip_sha256": "c" * 64,
        "clip_path": f"clips/{owner_id}-{name}.flac",
        "duration_s": 9.25,
        "consent_version": 1,
        "consented_at": 12.5,
    }
    return await store.voices.insert(NewVoice(owner_id=owner_id, name=name, **(values | other)))


async def enrol(store: Store, key: str, clip: str, size_bytes: int = 10) -> None:
    """Record conditionals of a clip named by one letter."""
    await store.conditionals.record(
        NewConditionals(
            key=key,
            voice_identity=f"clip:0:{clip * 64}",
            model_revision="r1",
            engine_version="e1",
            path=f"conditionals/{key}.safetensors",
            size_bytes=size_bytes,
        )
    )


async def render(store: Store, key: str, size_bytes: int, voice: str = "stock:") -> None:
    await store.speech.record(
        NewSpeech(
            key=key,
            voice_identity=voice,
            path=f"speech/{key}.ogg",
            size_bytes=size_bytes,
            duration_s=1.5,
        )
    )
