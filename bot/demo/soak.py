"""`python -m bot.demo.soak`: many servers speaking at once in one real bot process, or in several.

Speech is rendered before, so that what is measured is the way from the cache to the socket; with
`--uncached` each line is a new one whose sound is there at once, so that encoding and keeping are
measured as well. The bot is a process of its own; this one plays Discord and every member. Exits
with 1 where a target is missed.
"""

import argparse
import asyncio
import json
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from bot.base.shards import dealt
from bot.demo import recorded_worker
from bot.demo.bot_process import running_bot
from bot.demo.footprint import bot_processes, processor_s, thread_s
from bot.demo.soak_figures import Figures, compared, percentiles
from bot.loopback import LoopbackDiscord, Member, PacketLog, VoiceChannel
from bot.loopback.recording import still
from bot.loopback.server import BUSY_MACHINE_S

#: Members who name no voice have different ones, and each would be rendered anew.
VOICE = "stock:heart"
LINE = "This is one of many rooms in which somebody is telling a story at the same time."

#: Pause between the end of one line and the asking for the next.
_PAUSE_S = 0.4
_SETTLE_S = 5.0
#: When nothing more has come for so long, an utterance is over.
_QUIET_S = 1.0
#: How many servers one shard may join at once: discord.py sends 110 messages a minute to each.
_JOINS_PER_SHARD = 100


@dataclass
class Room:
    """One server: its member, its channel, and when lines were asked for."""

    number: int
    member: Member
    channel: VoiceChannel
    asked_s: list[float] = field(default_factory=list)

    async def speak(self, until_s: float, every_s: float, *, uncached: bool) -> None:
        while time.monotonic() < until_s:
            begun_s = time.monotonic()
            text = _line(1000 * len(self.asked_s) + self.number + 1 if uncached else None)
            self.asked_s.append(begun_s)
            await self.member.slash("say", text=text, voice=VOICE)
            await asyncio.sleep(every_s - (time.monotonic() - begun_s))


@dataclass(frozen=True)
class _Used:
    """What was used of processors: in seconds, or of `since` in cores."""

    bots: float
    threads: dict[str, float]  # of all bot processes together
    loopback: float  # this process

    @classmethod
    def by(cls, processes: Sequence[int]) -> Self:
        threads: dict[str, float] = {}
        for process in processes:
            for what, used_s in thread_s(process).items():
                threads[what] = threads.get(what, 0.0) + used_s
        return cls(sum(map(processor_s, processes)), threads, time.process_time())

    def since(self, before: Self, took_s: float) -> Self:
        return type(self)(
            (self.bots - before.bots) / took_s,
            {
                what: (used_s - before.threads.get(what, 0.0)) / took_s
                for what, used_s in self.threads.items()
            },
            (self.loopback - before.loopback) / took_s,
        )


@dataclass(frozen=True)
class Plan:
    """What a soak does. `shards` is how many connections to Discord all `processes` have."""

    servers: int
    seconds: float
    uncached: bool = False
    shards: int = 0
    processes: int = 1

    @property
    def connections(self) -> int:
        """`shards`, or as many as it takes for no join to wait for Discord's limit."""
        wanted = self.shards or 1 + (self.servers - 1) // _JOINS_PER_SHARD
        return max(wanted, self.processes)

    @property
    def options(self) -> tuple[str, ...]:
        """How the bot is started: alone, or as several processes."""
        return ("--processes", str(self.processes)) if self.processes > 1 else ()


async def soak(plan: Plan, folder: Path, **settings: str) -> Figures:
    """Speak as planned; files and the bot's log go into `folder`. `settings` are the bot's."""
    if plan.uncached:
        settings |= recorded_worker.environment(folder)
    async with LoopbackDiscord(
        shards=plan.connections, acknowledge_within_s=BUSY_MACHINE_S
    ) as discord:
        rooms = [_room(discord, number) for number in range(plan.servers)]
        async with running_bot(
            discord,
            folder / "home",
            folder / "bot.log",
            options=plan.options,
            TIMBRE_WELCOME="False",
            TIMBRE_VOICE_MAX_SERVERS=str(plan.servers),
            **settings,
        ) as bot:
            line = await _rendered(rooms[0], _line(0 if plan.uncached else None))
            join_s = await _join(rooms)
            processes = bot_processes(bot.pid)
            before, began_s = _Used.by(processes), time.monotonic()
            every_s = len(line) * 0.02 + _PAUSE_S
            speaking = (
                _later(room, index * every_s / plan.servers, every_s, plan, began_s)
                for index, room in enumerate(rooms)
            )
            await asyncio.gather(*speaking)
            used = _Used.by(processes).since(before, time.monotonic() - began_s)
            lag = await _loop_lag(plan, rooms)
            # On a busy machine what was asked for in time is said late, and is not lost.
            await still(
                lambda: [room.channel.recording.last_audible_s for room in rooms], _SETTLE_S
            )
        return _figures(plan, rooms, line, began_s, join_s=join_s, lag=lag, used=used)


def _room(discord: LoopbackDiscord, number: int) -> Room:
    guild = discord.add_guild(f"Server {number}")
    guild.add_text_channel("general")
    channel = guild.add_voice_channel("Lounge")
    channel.recording = PacketLog()
    # One person in all servers: what others had said is not rendered before.
    return Room(number, guild.add_member(f"Member {number}", user=discord.owner), channel)


async def _join(rooms: list[Room]) -> float:
    began_s = time.monotonic()
    for room in rooms:
        await room.member.join(room.channel)
        await (await room.member.slash("join")).reply(timeout_s=120)
    return time.monotonic() - began_s


async def _later(room: Room, after_s: float, every_s: float, plan: Plan, began_s: float) -> None:
    await asyncio.sleep(after_s)
    await room.speak(began_s + plan.seconds, every_s, uncached=plan.uncached)


def _line(number: int | None) -> str:
    """What is said; with a number it is what no cache knows, and sounds the same with each."""
    return LINE if number is None else recorded_worker.signed(LINE, number)


async def _rendered(room: Room, text: str) -> list[bytes]:
    await room.member.join(room.channel)
    for _ in range(2):
        since_s = time.monotonic()
        await (await room.member.slash("say", text=text, voice=VOICE)).reply(timeout_s=120)
        spoken = await _spoken(room.channel, since_s)
    return spoken


async def _spoken(channel: VoiceChannel, since_s: float) -> list[bytes]:
    """The packets of one utterance. Until it is whole, silence is sent in their place."""
    async with asyncio.timeout(120):
        await channel.first_sound(since_s=since_s)
        await still(lambda: channel.recording.last_s, _QUIET_S)
    return [packet.opus for packet in channel.recording.heard(since_s).speech]


async def _loop_lag(plan: Plan, rooms: list[Room]) -> tuple[float, float]:
    """p50 and p99 of the event-loop lag in ms, of the process where they are the largest."""
    hands = dealt(plan.connections, plan.processes)
    served = {hand: room for room in rooms for hand in hands if hand.has(room.member.guild.id)}
    lags = [await _loop_lag_in(room.member) for room in served.values()]
    return max(p50 for p50, _ in lags), max(p99 for _, p99 in lags)


async def _loop_lag_in(member: Member) -> tuple[float, float]:
    """p50 and p99 of a process's event-loop lag in ms, as `/status` says them there."""
    said = (await (await member.slash("status")).reply()).text
    found = re.search(r"Event loop lag\W+p50 (\d+) ms · p95 \d+ ms · p99 (\d+) ms", said)
    if found is None:
        raise RuntimeError(f"/status says nothing of lag: {said}")
    return float(found[1]), float(found[2])


def _figures(
    plan: Plan,
    rooms: list[Room],
    line: list[bytes],
    since_s: float,
    *,
    join_s: float,
    lag: tuple[float, float],
    used: _Used,
) -> Figures:
    heard = [
        compared(room.channel.recording.heard(since_s).speech, line, room.asked_s) for room in rooms
    ]
    asked = [len(room.asked_s) for room in rooms]
    first_starts = percentiles([start for one in heard for start in one.starts_ms[:1]])
    starts = percentiles([start for one in heard for start in one.starts_ms[1:]])
    gaps = percentiles([gap for one in heard for gap in one.gaps_ms])
    differences = [count - one.whole for count, one in zip(asked, heard, strict=True)]
    return Figures(
        servers=plan.servers,
        seconds=plan.seconds,
        uncached=plan.uncached,
        shards=plan.connections,
        processes=plan.processes,
        join_s=round(join_s, 1),
        utterances=sum(asked),
        lost_utterances=sum(max(0, one) for one in differences),
        repeated_utterances=sum(max(0, -one) for one in differences),
        broken_utterances=sum(one.broken for one in heard),
        unencrypted_packets=sum(one.unencrypted for one in heard),
        packets_in_time=sum(one.in_time for one in heard) / (sum(asked) * len(line)),
        first_start_p99_ms=first_starts[1],
        start_p50_ms=starts[0],
        start_p99_ms=starts[1],
        start_max_ms=starts[2],
        gap_p50_ms=gaps[0],
        gap_p99_ms=gaps[1],
        gap_max_ms=gaps[2],
        loop_lag_p50_ms=lag[0],
        loop_lag_p99_ms=lag[1],
        cores=round(used.bots, 2),
        cores_by_thread={what: round(cores, 3) for what, cores in used.threads.items()},
        loopback_cores=round(used.loopback, 2),
        load_average_1_min=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0,
        cpus=os.cpu_count() or 0,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bot.demo.soak", description=__doc__)
    parser.add_argument("--servers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--uncached", action="store_true", help="each line is a new one")
    parser.add_argument(
        "--shards",
        type=int,
        default=0,
        help="1 has all joins meet Discord's limit of one connection (default: enough for none to)",
    )
    parser.add_argument("--processes", type=int, default=1, help="bot processes (default: one)")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks/soak.json"))
    args = parser.parse_args()
    if not 1 <= args.processes <= args.servers:
        parser.error("--processes: has to be 1 to the number of servers")
    plan = Plan(args.servers, args.seconds, args.uncached, args.shards, args.processes)
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(soak(plan, Path(folder)))
    text = json.dumps(asdict(figures), indent=2)
    sys.stdout.write(text + "\n")
    args.out.write_text(text + "\n", encoding="utf-8")
    missed = figures.missed()
    sys.stderr.writelines(f"missed: {line}\n" for line in missed)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
