"""Packets are held in memory for a while, and only so many."""

import asyncio

import pytest

from bot.speech.audio import recent
from bot.speech.audio.recent import RecentPackets
from data.rows import SpeechKey
from tests.waiting import until


def row(key: str, size_bytes: int = 100) -> SpeechKey:
    return SpeechKey(
        key=key,
        voice_identity="stock:anna",
        path=f"speech/{key}.ogg",
        size_bytes=size_bytes,
        duration_s=1.0,
        created_at=0.0,
        last_used_at=0.0,
    )


async def test_the_least_recently_used_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "MAX_BYTES", 1000)
    packets = RecentPackets()
    for key in "abcdefghij":
        packets.put(row(key), (key.encode(),), packets.age)
    assert packets.get(row("a")) == (b"a",)
    packets.put(row("k"), (b"k",), packets.age)
    assert packets.get(row("b")) is None
    assert packets.get(row("a")) == (b"a",)


async def test_what_is_large_leaves_the_others_their_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "MAX_BYTES", 1000)
    packets = RecentPackets()
    packets.put(row("a", 126), (b"a",), packets.age)
    assert packets.get(row("a", 126)) is None


async def test_what_is_not_said_again_goes_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "KEPT_S", 0.05)
    monkeypatch.setattr(recent, "_LOOK_EVERY_S", 0.01)
    packets = RecentPackets()
    packets.put(row("a"), (b"a",), packets.age)
    await until(lambda: not packets._kept)
    assert packets._bytes == 0
    await asyncio.sleep(0.02)
    assert packets._sweeping is None


async def test_a_file_of_another_size_is_another_one() -> None:
    packets = RecentPackets()
    packets.put(row("a"), (b"a",), packets.age)
    assert packets.get(row("a", 101)) is None
    assert packets._bytes == 0
