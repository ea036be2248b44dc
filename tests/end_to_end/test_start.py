"""A start without Discord: waited for, as services start before the network is up."""

import socket
from pathlib import Path

from bot.commands.health import health
from bot.demo.bot_process import BotProcess, environment_of
from bot.loopback import LoopbackDiscord
from bot.loopback.server import BUSY_MACHINE_S
from bot.settings import settings_of
from tests.end_to_end.paced_worker import paced
from tests.waiting import until


def environment(discord: LoopbackDiscord, folder: Path) -> dict[str, str]:
    home = folder / "home"
    return environment_of(discord, home, TIMBRE_LOG_FORMAT="json", **paced(folder))


async def test_a_discord_that_refuses_everybody_at_first_is_tried_again(tmp_path: Path) -> None:
    async with LoopbackDiscord(acknowledge_within_s=BUSY_MACHINE_S) as discord:
        discord.add_guild("The workshop")
        discord.faults.fail("GET", "users/@me$", times=2)
        async with BotProcess(environment(discord, tmp_path), tmp_path / "bot.log") as bot:
            await discord.wait_for_bot()
            settings = settings_of({"TIMBRE_HOME": str(tmp_path / "home")})
            await until(lambda: health(settings) == 0)
            assert await bot.stop() == 0
            assert health(settings) == 1, "a bot that ended is not connected"
    log = bot.log.read_text("utf-8")
    assert log.count("Discord cannot be reached") == 2
    assert "Traceback" not in log
    assert "Unclosed" not in log


async def test_without_a_network_it_goes_on_trying_until_it_is_stopped(tmp_path: Path) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        async with LoopbackDiscord(acknowledge_within_s=BUSY_MACHINE_S) as discord:
            there = {"TIMBRE_DISCORD_RESOLVE": f"127.0.0.1:{unheard.getsockname()[1]}"}
            given = {**environment(discord, tmp_path), **there}
            async with BotProcess(given, tmp_path / "bot.log") as bot:
                await until(lambda: bot.log.read_text("utf-8").count("cannot be reached") == 2)
                assert bot.returncode is None
                assert await bot.stop() == 0
    assert "Traceback" not in bot.log.read_text("utf-8")


async def test_a_refused_token_ends_it_at_once(tmp_path: Path) -> None:
    async with LoopbackDiscord(acknowledge_within_s=BUSY_MACHINE_S) as discord:
        given = {**environment(discord, tmp_path), "DISCORD_TOKEN": "somebody.elses.token"}
        async with BotProcess(given, tmp_path / "bot.log") as bot:
            await until(lambda: bot.returncode is not None)
            assert bot.returncode == 2
    assert "refused by Discord: copy it again, or reset it" in bot.log.read_text("utf-8")
