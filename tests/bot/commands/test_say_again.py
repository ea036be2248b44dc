"""`say --voice` analyses a recording once: what it computed is kept until it is cleared."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bot.commands.caches import caches
from bot.services import open_services, open_store
from bot.settings import load
from tests.engine import scripted_worker
from tests.launcher import launcher

ROOT = Path(__file__).parents[3]


async def test_what_was_computed_from_a_recording_outlives_a_start_of_the_bot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, clip = tmp_path / "home", tmp_path / "me.wav"
    soundfile.write(clip, np.zeros(24_000, np.float32), 24_000)
    monkeypatch.setenv("TIMBRE_HOME", str(home))
    monkeypatch.setenv("TIMBRE_ENV_FILE", "")
    monkeypatch.setenv("TIMBRE_ENGINE", "stock")
    monkeypatch.setenv("CHATTERBOX_PYTHON", launcher(tmp_path, scripted_worker.__file__))
    monkeypatch.setenv("SCRIPT_CLONES", "1")

    command = [sys.executable, "-m", "bot", "say", "Hello there.", "--voice", str(clip)]
    command += ["--out", str(tmp_path / "said.ogg")]
    async with open_store(load()):
        pass
    with closing(sqlite3.connect(home / "timbre.db")) as database:
        database.execute(
            "CREATE TRIGGER full BEFORE INSERT ON local_clips "
            "BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
        )
    await asyncio.to_thread(subprocess.run, command, cwd=ROOT, check=True, timeout=200)
    assert (tmp_path / "said.ogg").exists(), "what cannot be noted is said all the same"
    with closing(sqlite3.connect(home / "timbre.db")) as database:
        database.execute("DROP TRIGGER full")
    await asyncio.to_thread(subprocess.run, command, cwd=ROOT, check=True, timeout=200)
    (conditionals,) = (home / "conditionals").iterdir()
    async with open_services(load()) as services:  # as the bot does when it starts
        await services.janitor.start()
    assert conditionals.exists()

    await caches(load(), "clear")
    assert not conditionals.exists()
    async with open_store(load()) as store:
        assert await store.local_clips.all() == set()
