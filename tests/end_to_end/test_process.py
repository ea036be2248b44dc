"""The processes: started quickly, ended cleanly, and a dead worker costs nobody a word."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bot.loopback import Interaction
from tests.end_to_end.conftest import Stage, a_stage, mono, transmission
from tests.end_to_end.paced_worker import paced
from tests.recogniser import word_error_rate
from tests.speed import slowness

ROOT = Path(__file__).parents[2]
STORY = (
    "Once upon a time there was a miller who had three sons. "
    "When he died, the eldest got the mill, and the youngest got the cat."
)


#: As long as the story takes a stock voice, for one that takes 10 ms a character.
PACED_STORY = " ".join([STORY] * 7)


#: A Discord that answers nothing takes longer, and so does what is being said. The bot gives itself
#: 4.8 s, as containers are killed after ten; where others want a core that is over later.
ENDED_WITHIN_S = 25.0


async def speaking(stage: Stage, story: str = STORY) -> Interaction:
    """The story has begun to sound in the lounge."""
    await stage.alice.join(stage.lounge)
    sent = time.monotonic()
    interaction = await stage.alice.slash("say", text=story)
    await stage.lounge.first_sound(since_s=sent, timeout_s=120)
    return interaction


@pytest.mark.slow  # as in test_process_faults.py, with the worker that people have
async def test_a_worker_killed_in_the_middle_costs_no_word(tmp_path: Path) -> None:
    """SIGKILL while the first chunk is being spoken: all is heard once, one restart is counted."""
    async with a_stage(tmp_path) as stage:
        await stage.alice.join(stage.lounge)
        await stage.say(stage.alice, "Hello.")
        sent = time.monotonic()
        interaction = await speaking(stage)
        stage.worker().kill()
        await interaction.reply(timeout_s=120)
        heard = await transmission(stage.lounge, sent)
        assert word_error_rate(STORY, mono(heard), 48_000) <= 0.15
        assert "1 restart" in await stage.figures()


async def test_sigterm_in_the_middle_of_a_line_ends_cleanly(tmp_path: Path) -> None:
    """In the time that it is given: voice is left, worker and bot are gone, the exit code is 0."""
    async with a_stage(tmp_path) as stage:
        await speaking(stage)
        worker = stage.worker()
        assert await stage.bot.stop() == 0
        assert stage.bot.stopped_s is not None
        assert stage.bot.stopped_s <= ENDED_WITHIN_S
        assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE
        assert stage.guild.bot.voice_channel is None
    assert "Traceback" not in stage.bot.log.read_text("utf-8")


async def test_a_second_start_speaks_from_the_cache_and_registers_nothing_again(
    tmp_path: Path,
) -> None:
    """What was rendered survives a restart, and unchanged commands are not sent to Discord."""
    async with a_stage(tmp_path, **paced(tmp_path)) as stage:
        await stage.reply(stage.alice, "say", text="The same words again.")
        await stage.bot.stop()
        assert stage.discord.commands.syncs == 1
        async with stage.started_again():
            await stage.reply(stage.alice, "say", text="The same words again.")
            assert "1 of 1 piece (100%)" in await stage.figures()
            owner = await stage.owners()
            lines = (await stage.reply(owner, "bot-owner statistics")).splitlines()
            days = [line.split() for line in lines if line[:1].isdigit()]
            assert sum(int(day[1]) for day in days) == 2, "of both bots"
            assert len(days) == 2 or days[0][4] == "50%", "midnight came between"
        assert stage.discord.commands.syncs == 1


async def test_two_bots_never_share_one_home(tmp_path: Path) -> None:
    """The second one ends with a sentence, and the first one speaks on."""
    async with a_stage(tmp_path, **paced(tmp_path)) as stage:
        second = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            "run",
            cwd=ROOT,
            env={**os.environ, **stage.discord.environment(), "TIMBRE_HOME": str(stage.home)},
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await asyncio.wait_for(second.communicate(), 120)
        assert second.returncode == 2
        assert b"another Timbre is running" in said
        assert b"Traceback" not in said
        assert "Worker" in await stage.figures()


async def test_the_log_holds_neither_words_nor_the_token(tmp_path: Path) -> None:
    async with a_stage(tmp_path, TIMBRE_LOG_LEVEL="DEBUG") as stage:
        await stage.reply(stage.alice, "say", text="Rhubarb and custard.")
        await stage.reply(stage.alice, "say", text="Hello.", voice="Rhubarb")
        token = stage.discord.token
    log = stage.bot.log.read_text("utf-8")
    assert "ready" in log
    assert token not in log
    assert "hubarb" not in log


async def test_a_discord_that_does_not_answer_cannot_hold_the_bot(tmp_path: Path) -> None:
    """SIGTERM while it speaks and Discord stands still: gone all the same, the worker too."""
    async with a_stage(tmp_path, **paced(tmp_path)) as stage:
        await speaking(stage, PACED_STORY)
        worker = stage.worker()
        stage.discord.faults.slow("*", ".", 50.0, times=None)
        stage.guild.voice_faults.server_delay_s = 50.0
        await stage.bot.stop()
        assert stage.bot.stopped_s is not None
        assert stage.bot.stopped_s <= ENDED_WITHIN_S
        assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE


async def test_what_is_lost_at_the_end_is_told(tmp_path: Path) -> None:
    """Whoever is being spoken for hears why it stops, over a Discord of ordinary slowness."""
    async with a_stage(tmp_path, **paced(tmp_path)) as stage:
        interaction = await speaking(stage, PACED_STORY)
        await interaction.reply()
        stage.discord.faults.slow("POST", "webhooks", 0.15, times=None)
        assert await stage.bot.stop() == 0
        assert "stopped speaking" in (await interaction.reply(number=1)).text
    assert "Traceback" not in stage.bot.log.read_text("utf-8")


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS shows no process's memory maps")
async def test_ready_within_two_seconds_and_without_torch(tmp_path: Path) -> None:
    """The bot does not wait for its worker, and never loads what the worker needs."""
    begun, slower = time.monotonic(), slowness()
    async with a_stage(tmp_path) as stage:
        took = time.monotonic() - begun
        worked = psutil.Process(stage.bot.pid).cpu_times()
        libraries = {Path(m.path).name for m in psutil.Process(stage.bot.pid).memory_maps()}
        await asyncio.sleep(0)
    assert not [name for name in libraries if "torch" in name]
    # What it works says what a start costs; how long that takes depends on who else wants a core.
    worked_s = worked.user + worked.system
    print(f"ready after {took:.2f} s, of which it worked {worked_s:.2f} s")
    assert worked_s <= 5.0 * slower


def test_help_needs_nothing_heavy() -> None:
    """`--help` is instant: no torch, no discord."""
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bot", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "run" in ended.stdout
    assert "torch" not in ended.stderr
    assert "discord" not in ended.stderr


def test_the_modules_of_the_bot_do_not_import_torch() -> None:
    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            "import bot.commands.run, cogs.say, cogs.channel, cogs.status, sys;"
            "sys.exit(any(name.split('.')[0] == 'torch' for name in sys.modules))",
        ],
        cwd=ROOT,
        check=False,
    )
    assert ended.returncode == 0
