"""A database that cannot be written to silences nobody: it is held, or the disk is full."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.speech.audio.opus import read_packets
from tests.bot.house import ALICE, ELSEWHERE, a_house


async def test_a_member_speaks_on_while_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.database.BUSY_TIMEOUT_S", 0.05)
    async with a_house(tmp_path) as house:
        voice = await house.register(ALICE, "Mine")
        said = read_packets(await house.say(voice, "hello"))
        house.clock.now += 100
        with closing(sqlite3.connect(tmp_path / "timbre.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            speaker = await house.voices.speaker(None, user_id=ALICE, guild_id=ELSEWHERE)
            assert speaker.voice.identity == f"clip:{ALICE}:{voice.clip_sha256}"
            again = await house.speech.saying(["hello"], speaker).ogg()
            assert read_packets(again) == said
            assert await house.speech.saying(["something new"], speaker).ogg()
        assert await house.store.choices.get(ALICE, ELSEWHERE) is None
        await house.voices.speaker(None, user_id=ALICE, guild_id=ELSEWHERE)
        assert await house.store.choices.get(ALICE, ELSEWHERE) == voice.voice_id
