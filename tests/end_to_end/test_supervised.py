"""`run --processes 2`: kept running, restarted one after the other, ended together."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from bot.demo.bot_process import BotProcess, environment_of
from bot.loopback import LoopbackDiscord
from bot.loopback.rest import GLOBALLY_FOR_S
from bot.loopback.server import BUSY_MACHINE_S
from tests.end_to_end.conftest import Stage, furnished, transmission
from tests.end_to_end.paced_worker import paced
from tests.end_to_end.pitches import said
from tests.waiting import until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGHUP"),
]


AFTER = "And this is after."


@dataclass
class Pair:
    """A stage for each of the two processes; their `bot` is the supervisor."""

    stages: list[Stage]

    @property
    def supervisor(self) -> BotProcess:
        return self.stages[0].bot

    @property
    def identifies(self) -> int:
        return self.stages[0].discord.gateway.identifies

    def processes(self) -> dict[str, int]:
        """The pids of the bot processes by their shards."""
        children = psutil.Process(self.supervisor.pid).children()
        children = [child for child in children if "--shards" in child.cmdline()]
        return {
            child.cmdline()[child.cmdline().index("--shards") + 1]: child.pid for child in children
        }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    async with LoopbackDiscord(shards=1, acknowledge_within_s=BUSY_MACHINE_S) as discord:
        places = [furnished(discord, "Here")]
        places.append(furnished(discord, "There", places[0][2].user, places[0][3].user))
        environment = environment_of(
            discord,
            folder / "home",
            TIMBRE_LOG_FORMAT="json",
            TIMBRE_WELCOME="False",
            **paced(folder, 0.1),
        )
        async with BotProcess(environment, folder / "bot.log", "--processes", "2") as supervisor:
            await supervisor.until(discord.wait_for_bot(timeout_s=120))
            yield Pair([Stage(discord, supervisor, *place, folder / "home") for place in places])


async def test_all_speak_with_one_worker(pair: Pair) -> None:
    for stage in pair.stages:
        await stage.alice.join(stage.lounge)
        heard = await stage.say(stage.alice, AFTER)
        assert said(heard, AFTER) == [AFTER]
    everything = psutil.Process(pair.supervisor.pid).children(recursive=True)
    assert sum(child.cmdline()[-1].endswith("worker.py") for child in everything) == 1


async def test_a_process_that_dies_is_started_anew(pair: Pair) -> None:
    """The other one does not notice."""
    before = pair.processes()
    assert sorted(before) == ["0-0/2", "1-1/2"], "more shards than Discord asks for, one each"
    identifies = pair.identifies
    psutil.Process(before["1-1/2"]).kill()
    (other,) = [stage for stage in pair.stages if (stage.guild.id >> 22) % 2 == 0]
    assert "None yet" in await other.reply(other.alice, "voice list")
    await until(lambda: pair.identifies > identifies, 60)
    for stage in pair.stages:
        assert "None yet" in await stage.reply(stage.alice, "voice list")
    after = pair.processes()
    assert after["0-0/2"] == before["0-0/2"]
    assert after["1-1/2"] != before["1-1/2"]


async def test_what_discord_tells_one_to_wait_all_do(pair: Pair) -> None:
    """A refusal of all requests in one process holds the other's next one up."""
    faults = pair.stages[0].discord.faults
    for stage in pair.stages:
        await stage.alice.join(stage.lounge)
        assert "I am in" in await stage.reply(stage.alice, "join")
    here, there = pair.stages
    # For ten seconds discord.py hopes for another call. Then both say so, the second while the
    # first one waits.
    await ended(here)
    await asyncio.sleep(GLOBALLY_FOR_S / 3)
    await ended(there)
    await asyncio.sleep(8)
    faults.requests_per_s = 0
    log = pair.supervisor.log
    await until(lambda: "Discord has all processes wait" in log.read_text("utf-8"))
    faults.requests_per_s = None
    faults.answered_s.clear()
    for stage in pair.stages:
        await until(lambda: any("ended the call" in said.text for said in stage.written()))  # noqa: B023
    assert min(faults.answered_s) - faults.refused_s[0] >= GLOBALLY_FOR_S - 0.05


async def ended(stage: Stage) -> None:
    """Discord ends the call, of which a process says so in the channel."""
    await stage.bot_knows()
    stage.discord.voice.connection_in(stage.lounge).close(4022)


@pytest.mark.slow
async def test_all_are_replaced_one_after_the_other_and_read_on(pair: Pair) -> None:
    """Each is away only for as long as it takes to come back into the channel."""
    for stage in pair.stages:
        await stage.alice.join(stage.lounge)
        assert "aloud" in await stage.reply(stage.alice, "live start")
    before = pair.processes()
    away_s = [0.0 for _ in pair.stages]
    identifies = pair.identifies
    pair.supervisor.send_signal(signal.SIGHUP)
    began = seen = time.monotonic()
    while pair.identifies < identifies + 2:
        await asyncio.sleep(0.01)
        now = time.monotonic()
        assert now - began < 200
        gone = [stage.guild.bot.voice_channel is None for stage in pair.stages]
        assert not all(gone), "one after the other"
        away_s = [all_ + (now - seen) * away for all_, away in zip(away_s, gone, strict=True)]
        seen = now
    await until(lambda: all(s.guild.bot.voice_channel is s.lounge for s in pair.stages), 60)
    for stage in pair.stages:
        since = time.monotonic()
        await stage.alice.send(stage.general, AFTER)
        assert said(await transmission(stage.lounge, since), AFTER)[-1] == AFTER
    print("away for", [round(seconds, 2) for seconds in away_s], "s")
    assert max(away_s) < 90.0  # seven where nothing else wants a core
    await until(lambda: len(pair.processes()) == 2)
    assert not set(pair.processes().values()) & set(before.values())
    assert pair.stages[0].discord.commands.syncs == 1


@pytest.mark.slow
async def test_shards_of_another_machine_are_refused(pair: Pair, tmp_path: Path) -> None:
    """The second supervisor ends, with a sentence, and the first one's go on."""
    log = tmp_path / "other.log"
    other = BotProcess(pair.supervisor.environment, log, "--processes", "2", "--shards", "1-2/2000")
    async with other:
        await until(lambda: other.returncode is not None, 120)
    assert other.returncode == 2
    assert "--shards: " in (said := log.read_text("utf-8"))
    assert "/2000 does not go with a bot process that counts 2 shards" in said
    assert len(pair.processes()) == 2


async def test_they_end_together(pair: Pair) -> None:
    children = psutil.Process(pair.supervisor.pid).children(recursive=True)
    assert await pair.supervisor.stop() == 0
    assert not [child for child in children if child.is_running()]
    assert "Traceback" not in pair.supervisor.log.read_text("utf-8")
