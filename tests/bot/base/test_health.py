"""Whether the bot is connected shows from outside, and stops to show when it is not."""

import asyncio
import os
import re
import time
from pathlib import Path

import pytest

from bot.base.health import PATIENCE_S, show_life, silence_s
from bot.commands.health import health
from bot.settings import settings_of
from tests.waiting import until


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "alive"


async def test_the_file_is_touched_while_it_is_connected_and_goes_with_the_bot(file: Path) -> None:
    connected = False
    task = asyncio.create_task(show_life(file, lambda: connected, interval_s=0.01))
    await asyncio.sleep(0)
    assert silence_s(file.parent, time.time()) is None, "not yet"
    connected = True
    await until(file.exists)
    os.utime(file, (1.0, 1.0))
    await until(lambda: file.stat().st_mtime > 1.0)
    task.cancel()
    await asyncio.wait({task})
    assert not file.exists()


async def test_a_home_that_takes_no_file_is_said_once_and_tried_again(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = file.parent / "home"
    tries = 0

    def connected() -> bool:
        nonlocal tries
        tries += 1
        return True

    task = asyncio.create_task(show_life(home / "alive", connected, interval_s=0.01))
    await until(lambda: tries > 3)
    assert caplog.text.count("cannot be shown") == 1
    home.mkdir()
    await until((home / "alive").exists)
    task.cancel()
    await asyncio.wait({task})


def test_it_is_said_in_a_sentence_and_an_exit_code(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_of({"TIMBRE_HOME": str(file.parent)})
    assert health(settings) == 1
    assert capsys.readouterr().err.startswith("timbre: no bot is connected to Discord in ")
    file.touch()
    assert health(settings) == 0
    assert capsys.readouterr().out == "Connected to Discord.\n"
    long_ago = time.time() - PATIENCE_S - 100
    os.utime(file, (long_ago, long_ago))
    assert health(settings) == 1
    assert re.fullmatch(r"timbre: not connected to Discord for \d{3,} s\n", capsys.readouterr().err)
