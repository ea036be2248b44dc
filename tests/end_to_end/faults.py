"""What can go wrong in voice, each a row: nothing is lost in silence, and `/say` works afterwards.

Rows are acted out at the same time by one bot, each in a server of its own. Speech is rendered
before and compared packet by packet, so that losses and repeats show exactly.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from bot.loopback import Heard, Interaction, PacketLog, VoiceChannel
from bot.loopback.voice_connection import VoiceConnection
from bot.speech.audio.opus import read_packets
from tests.end_to_end.conftest import HEART, Stage, a_stage
from tests.end_to_end.stock_worker import stock
from tests.waiting import until

LINES = ("The kettle is on the stove and it is singing.", "The cat sleeps.", "It is late.")
AFTER = "All is well."

#: Packets that are lost until the bot has read what happened, on a busy machine. Whoever waits for
#: nothing, and keeps nothing, loses a second's: fifty.
A_MOMENT = 30

#: Threads that wait for work and connections kept for the next request come and go: this many, and
#: one for every row that is acted out at once. One left over in each row would be more.
POOL = 6


def sounded(heard: Heard) -> list[bytes]:
    return [packet.opus for packet in heard.speech]


@dataclass
class Speaking:
    """What was asked for, and since when."""

    began_s: float
    asked: list[Interaction]

    async def told(self, reason: str) -> None:
        for interaction in self.asked:
            said = await interaction.reply(timeout_s=120)
            if reason not in said.text:
                said = await interaction.reply(number=1, timeout_s=120)
            assert reason in said.text
            assert said.ephemeral


@dataclass
class Scene:
    """A server with Alice in its lounge; her lines are in the cache, and the packets of each."""

    stage: Stage
    packets: dict[str, list[bytes]]

    @property
    def expected(self) -> list[bytes]:
        return [packet for line in LINES for packet in self.packets[line]]

    @property
    def connection(self) -> VoiceConnection | None:
        try:
            return self.stage.discord.voice.connection_in(self.stage.lounge)
        except LookupError:
            return None

    async def announced(self, reason: str) -> None:
        """The bot says so where it was called."""
        await until(lambda: any(reason in message.content for message in self.stage.written()))

    def connection_closes(self, code: int) -> None:
        self.stage.discord.voice.connection_in(self.stage.lounge).close(code)

    async def ask(self, where: VoiceChannel | None = None) -> Speaking:
        """Three lines are asked for at once; returns when the first one sounds, unless nowhere."""
        began_s = time.monotonic()
        asked = []
        for line in LINES:
            asked.append(await self.stage.alice.slash("say", text=line, voice=HEART))
            await asyncio.sleep(0.05)
        if where:
            await where.first_sound(since_s=began_s)
        return Speaking(began_s, asked)

    async def begin(self) -> Speaking:
        speaking = await self.ask(self.stage.lounge)
        await asyncio.sleep(0.2)
        return speaking

    async def heard_once(self, speaking: Speaking, *, missing: int = 0) -> None:
        """The three lines in order, without a repeat; at most `missing` packets lost on the way."""
        for interaction in speaking.asked:
            await interaction.reply()
        channels = self.stage.guild.channels.values()
        recordings = [c.recording for c in channels if isinstance(c, VoiceChannel)]

        def packets() -> list[bytes]:
            everywhere = [p for r in recordings for p in r.heard(speaking.began_s).speech]
            return [p.opus for p in sorted(everywhere, key=lambda packet: packet.arrived_s)]

        try:
            await until(lambda: packets()[-1:] == self.expected[-1:], 60)
        except TimeoutError:
            raise AssertionError(f"heard {len(packets())} of {len(self.expected)}") from None
        got, rest = packets(), iter(self.expected)
        assert all(packet in rest for packet in got), "out of order, or repeated"
        dropped = [r.heard(speaking.began_s).dropped for r in recordings]
        assert len(self.expected) - len(got) <= missing, dropped
        for recording in recordings:
            heard = recording.heard(speaking.began_s)
            assert heard.unencrypted_audible == 0
            # Three packets at most catch up, and a busy machine's are a little late before that;
            # the silence that discord.py ends with comes at once.
            assert Heard(heard.speech).rush_ms <= 200

    async def says_all_is_well(self, where: VoiceChannel) -> Heard:
        since_s = time.monotonic()
        await self.stage.reply(self.stage.alice, "say", text=AFTER, voice=HEART)
        heard = await where.heard(since_s=since_s)
        whole = self.packets[AFTER]
        assert sounded(heard) == whole, f"{len(sounded(heard))} of {len(whole)}; {heard.dropped}"
        return heard

    async def afterwards(self) -> None:
        """`/say` is heard whole and encrypted, and after `/leave` the bot is gone."""
        stage = self.stage
        stage.guild.voice_faults.clear()
        if stage.alice.voice_channel is None:
            await stage.alice.join(stage.lounge)
        channel = stage.alice.voice_channel
        assert channel is not None
        assert (await self.says_all_is_well(channel)).unencrypted_audible == 0
        await stage.reply(stage.alice, "leave")
        await until(lambda: stage.guild.bot.voice_channel is None)


@dataclass(frozen=True)
class Held:
    """What a bot process holds: threads, files, sockets."""

    threads: int
    files: int
    udp: int
    tcp: int

    @classmethod
    def by(cls, stage: Stage) -> "Held":
        process = psutil.Process(stage.bot.pid)
        threads = process.num_threads()
        try:
            return cls(
                threads,
                len(process.open_files()),
                len(process.net_connections("udp")),
                len(process.net_connections("tcp")),
            )
        except psutil.AccessDenied:  # on Linux the bot lets the superuser alone look into it
            return cls(threads, 0, 0, 0)

    def exceeds(self, before: "Held", pool: int) -> bool:
        return (
            self.threads > before.threads + pool
            or self.files > before.files
            or self.udp > before.udp
            or self.tcp > before.tcp + pool
        )


Row = Callable[[Scene], Awaitable[None]]


class Rows(dict[str, Row]):
    """The rows of a table by name."""

    def add(self, *cases: object) -> Callable[[Callable[..., Awaitable[None]]], None]:
        """Make a function a row, or one row of each of `cases`, which it gets after the scene."""

        def register(act: Callable[..., Awaitable[None]]) -> None:
            for case in cases:
                self[f"{act.__name__}-{case}"] = partial(_with, act, case)
            if not cases:
                self[act.__name__] = act

        return register


async def _with(act: Callable[..., Awaitable[None]], case: object, scene: Scene) -> None:
    await act(scene, case)


@dataclass
class Theatre:
    """A bot in whose cache the lines are; `baseline` is what it holds between two rows."""

    stage: Stage
    packets: dict[str, list[bytes]]
    baseline: Held

    async def play(self, name: str, row: Row) -> None:
        """Act out a row in a server of its own, and look that all is well afterwards."""
        stage = self.stage.elsewhere(name, self.stage.alice.user, self.stage.bob.user)
        stage.lounge.recording = PacketLog()
        await stage.alice.join(stage.lounge)
        scene = Scene(stage, self.packets)
        await row(scene)
        await scene.afterwards()

    def begin(self, rows: dict[str, Row], at_once: int) -> dict[str, asyncio.Task[None]]:
        places = asyncio.Semaphore(at_once)

        async def play(name: str, row: Row) -> None:
            async with places:
                await self.play(name, row)

        return {name: asyncio.create_task(play(name, row)) for name, row in rows.items()}

    async def nothing_is_left(self, at_once: int = 1) -> None:
        """The bot holds no more than before the first row."""
        pool = POOL + at_once - 1
        try:
            await until(lambda: not Held.by(self.stage).exceeds(self.baseline, pool))
        except TimeoutError:
            now = Held.by(self.stage)
            raise AssertionError(f"left over: {now} after {self.baseline}") from None


@asynccontextmanager
async def theatre(folder: Path, shards: int = 1) -> AsyncIterator[Theatre]:
    """A bot with short timeouts that has said every line."""
    short = {"CONNECT_TIMEOUT_S": "1.5", "ENCRYPTION_TIMEOUT_S": "3.0"}
    settings = {f"TIMBRE_VOICE_{name}": seconds for name, seconds in short.items()}
    async with a_stage(folder, shards=shards, **settings, **stock(folder)) as stage:
        packets = {}
        for line in (*LINES, AFTER):  # said to nobody, it is sent as a file of the same packets
            said = await stage.answer(stage.alice, "say", text=line, voice=HEART)
            packets[line] = read_packets(said.attachments[0].data)
        await Scene(stage, packets).afterwards()
        await asyncio.sleep(1.0)
        yield Theatre(stage, packets, Held.by(stage))
