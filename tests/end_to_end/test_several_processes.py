"""Three bot processes on one home: what is deleted in one is silent, and gone, in all of them.

They meet in the home's own database or, with `--all`, in a PostgreSQL and a bucket, each with a
home of its own, as on several machines.
"""

import asyncio
import hashlib
import json
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath

import pytest
import pytest_asyncio

from bot.demo.bot_process import BotProcess, environment_of
from bot.loopback import Guild, Heard, Interaction, LoopbackDiscord
from bot.loopback.messages import User
from bot.loopback.server import BUSY_MACHINE_S
from data.rows import NewVoice
from data.store import Store
from tests.end_to_end.conftest import Stage, furnished, transmission
from tests.end_to_end.paced_worker import paced, spoken
from tests.end_to_end.uploads import left_in_files
from tests.postgresql import Server, postgresql_server
from tests.s3 import S3, StoredObject, s3_store
from tests.waiting import until

__all__ = ["postgresql_server"]

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(sys.platform == "win32", reason="no process is frozen there by a signal"),
]

PROCESSES = 3
CLIP = b"this would be a recording" * 100
LONG = " ".join(["It was told again and again in that house."] * 40)  # 17 s
WEEK_S = 7 * 86_400.0


def digest_of(name: str) -> str:
    """What the clip of the voice with this name is known by."""
    return hashlib.sha256(CLIP + name.encode()).hexdigest()


@dataclass
class Town:
    """A stage for each process, in a server on its shard."""

    folder: Path
    stages: list[Stage]
    left: Guild  # which the bot was in before it ended for the last time
    database: Path | str
    s3: S3 | None

    async def give_voice(self, name: str) -> str:
        """Alice has a voice, as if registered in the first server; returns what is chosen."""
        alice, clip, sha256 = self.stages[0].alice, CLIP + name.encode(), digest_of(name)
        path = f"clips/{sha256[:32]}.flac"
        if self.s3 is not None:
            self.s3.objects[f"timbre/{path}"] = StoredObject(clip, time.time())
        else:
            (self.stages[0].home / "clips").mkdir(exist_ok=True)
            (self.stages[0].home / path).write_bytes(clip)
        async with opened(self.database) as store:
            voice = await store.voices.insert(
                NewVoice(
                    owner_id=alice.id,
                    guild_id=None,
                    origin_guild_id=self.stages[0].guild.id,
                    name=name,
                    clip_sha256=sha256,
                    clip_path=path,
                    duration_s=9.0,
                    consent_version=1,
                    consented_at=1.0,
                    language=None,
                )
            )
        return f"voice:{voice.voice_id}"

    def traces(self, *needles: bytes) -> set[str]:
        """The files of all machines, and what is in the bucket, in which something can be found."""
        homes = {stage.home for stage in self.stages}
        found = {name for home in homes for name in left_in_files(home, *needles)}
        kept = self.s3.objects.items() if self.s3 else ()
        return found | {
            name for name, one in kept if any(needle in one.content for needle in needles)
        }

    async def lease_of(self, stage: Stage, store: Store) -> float:
        """When the lease of a stage's process ends if it is not renewed; 0 if it has ended."""
        rows = await store.processes.all()
        leases = [r.lease_until for r in rows if r.first_shard == self.stages.index(stage)]
        return max(leases, default=0.0)

    def given_up(self, stage: Stage) -> str:
        """Why the others gave a stage's process up."""
        shard = self.stages.index(stage)
        for log in self.folder.glob("*.log"):
            for line in log.read_text("utf-8").splitlines():
                told = json.loads(line) if '"why"' in line else {}
                if told.get("shards") == f"{shard}-{shard}/{PROCESSES}":
                    return str(told["why"])
        return "not at all"


@asynccontextmanager
async def opened(database: Path | str, ahead_s: float = 0.0) -> AsyncIterator[Store]:
    """The database, `ahead_s` from now."""
    store = await Store.open(database, lambda: time.time() + ahead_s)
    try:
        yield store
    finally:
        await store.close()


def shards(number: int) -> tuple[str, str]:
    return "--shards", f"{number}/{PROCESSES}"


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=["one machine", pytest.param("several machines", marks=pytest.mark.slow)],
)
async def town(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    home = folder / "home"
    home.mkdir(0o700)
    homes = [home] * PROCESSES
    database: Path | str = home / "timbre.db"
    s3: S3 | None = None
    settings = {
        "TIMBRE_LOG_FORMAT": "json",
        "TIMBRE_WELCOME": "False",
        **paced(folder, 0.1, clones=True),
    }
    async with (
        LoopbackDiscord(shards=PROCESSES, acknowledge_within_s=BUSY_MACHINE_S) as discord,
        AsyncExitStack() as running,
    ):
        if request.param == "several machines":
            server: Server = request.getfixturevalue("postgresql_server")
            database = settings["TIMBRE_DATABASE"] = await server.database()
            s3 = await running.enter_async_context(s3_store())
            settings |= s3.environment()
            homes = [folder / f"home {number}" for number in range(PROCESSES)]
        people: tuple[User, ...] = ()
        places = []
        for number in range(PROCESSES):
            place = furnished(discord, f"Server {number}", *people)
            people = place[2].user, place[3].user
            places.append(place)
        places.sort(key=lambda place: (place[0].id >> 22) % PROCESSES)
        left = discord.make_guild("Left")
        async with opened(database) as store:
            for guild in (left, *(place[0] for place in places)):
                await store.welcomes.claim(guild.id)
        bots = []
        # One after the other: a start that wants three cores is not what is tested.
        for number, own in enumerate(homes):
            environment = environment_of(discord, own, **settings)
            bot = BotProcess(environment, folder / f"{number}.log", *shards(number))
            bots.append(await running.enter_async_context(bot))
            await bot.until(until(lambda: discord.gateway.identifies > number, 120))  # noqa: B023
        for bot in bots:
            await bot.until(discord.wait_for_bot(timeout_s=120))
        stages = [
            Stage(discord, bot, *place, own)
            for bot, place, own in zip(bots, places, homes, strict=True)
        ]
        for stage in stages:
            await stage.alice.join(stage.lounge)
        yield Town(folder, stages, left, database, s3)


async def tells(stage: Stage, voice: str, story: str = LONG) -> tuple[Interaction, float]:
    """Alice has begun to tell a long story in a voice; when."""
    sent = time.monotonic()
    told = await stage.alice.slash("say", text=story, voice=voice)
    await stage.lounge.first_sound(since_s=sent, timeout_s=120)
    return told, sent


def sounded(stage: Stage, since_s: float) -> Heard:
    return stage.lounge.recording.heard(since_s)


async def test_what_is_deleted_in_one_is_silent_and_gone_in_all(town: Town) -> None:
    here = town.stages[0]
    sha256 = digest_of("Morning")
    voice = await town.give_voice("Morning")
    told = [await tells(stage, voice) for stage in town.stages]
    assert "is deleted" in await here.reply(here.alice, "voice delete", voice=voice)
    done = time.monotonic()
    for stage, (interaction, _) in zip(town.stages, told, strict=True):
        assert "This voice was deleted" in (await interaction.reply(number=1)).text
        assert "no such voice" in await stage.reply(stage.alice, "say", text="Hi.", voice=voice)
    await asyncio.sleep(0.5)  # long enough for packets to be heard that should not be there
    for stage in town.stages:
        # What the connection had taken over before is on its way.
        assert len(sounded(stage, done).speech) <= 2
    forgotten = [text for verb, text in spoken(town.folder) if verb == "forget"]
    assert forgotten == [f"clip:{here.alice.id}:{sha256}"] * PROCESSES, "by every worker"
    assert town.traces(CLIP[:64], sha256.encode(), b"Morning") == set()
    async with opened(town.database) as store:
        assert await store.voices.all() == []


async def test_no_server_of_a_living_process_is_ever_taken_for_departed(town: Town) -> None:
    """Every process says at its start which servers it is in, and a week passes for the others."""
    async with opened(town.database, ahead_s=WEEK_S + 60) as store, asyncio.timeout(60):
        while await store.departed_guilds.due(WEEK_S) != [town.left.id]:
            await asyncio.sleep(0.05)
        assert await store.departed_guilds.due(0.0) == [town.left.id]


async def test_a_frozen_process_is_silent_once_its_lease_ends(town: Town) -> None:
    """Nobody waits for it for longer, it says nothing when it goes on, and then it ends."""
    here, frozen = town.stages[0], town.stages[2]
    voice = await town.give_voice("Evening")
    await tells(frozen, voice)
    async with opened(town.database) as store:  # it may be frozen with locks that opening needs
        frozen.bot.send_signal(signal.SIGSTOP)
        lease_until = await town.lease_of(frozen, store)
        assert "is deleted" in await here.reply(here.alice, "voice delete", voice=voice)
        done = time.monotonic()
        now = await store.processes.now()
    assert (done if now is None else now) >= lease_until, "it might have spoken until then"
    # Where it was frozen while it read, SQLite cannot empty its log until it goes on.
    left = town.traces(CLIP[:64], b"Evening")
    if town.s3 is None:
        assert left <= {"timbre.db", "timbre.db-wal"}
    else:  # the copy that the frozen process has on its own machine, and which ends with it
        assert {PurePath(name).parts[0] for name in left} <= {"copies"}
        assert not town.s3.names("clips/") | town.s3.names("speech/")
    frozen.bot.send_signal(signal.SIGCONT)
    await until(lambda: frozen.bot.returncode is not None, 60)
    await until(lambda: not town.traces(CLIP[:64], b"Evening"), 60)
    assert frozen.bot.returncode == 1
    # The packet that it was about to send, if it was.
    assert len(sounded(frozen, done).speech) <= 1
    assert not town.traces(CLIP[:64], b"Evening")
    assert town.s3 is None or not town.s3.names("speech/")


async def test_a_killed_process_costs_the_others_nothing(town: Town) -> None:
    """What they have accepted is said to its end, and nobody waits for the dead."""
    here, killed = town.stages[0], town.stages[1]
    voice = await town.give_voice("Noon")
    story = LONG[: len(LONG) // 4]
    _, since = await tells(here, "stock:tone", story)
    await tells(killed, voice)
    killed.bot.send_signal(signal.SIGKILL)
    assert "is deleted" in await here.reply(here.alice, "voice delete", voice=voice)
    # On several machines nobody sees that it is dead before its lease ends.
    assert town.given_up(killed) == ("dead" if isinstance(town.database, Path) else "expired")
    heard = await transmission(here.lounge, since)
    assert len(heard.speech) * 0.02 == pytest.approx(len(story) * 0.01, rel=0.1)
