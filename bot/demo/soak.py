"""`python -m bot.demo.soak`: many servers speaking at once in one real bot process.

Speech is rendered before, so that what is measured is the way from the cache to the socket. The
bot is a process of its own; this one plays Discord and every member. Exits with 1 where a target
is missed.
"""

import argparse
import asyncio
import itertools
import json
import os
import platform
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.demo.bot_process import running_bot
from bot.loopback import LoopbackDiscord, Member, PacketLog, VoiceChannel

#: Members who name no voice have different ones, and each would be rendered anew.
VOICE = "stock:heart"
LINE = "This is one of many rooms in which somebody is telling a story at the same time."

#: Pause between the end of one line and the asking for the next.
_PAUSE_S = 0.4
_SETTLE_S = 3.0


@dataclass(frozen=True)
class Figures:
    """What a soak measured. Gaps and lag in ms; gaps are between packets of one utterance."""

    servers: int
    seconds: float
    utterances: int
    lost_utterances: int
    repeated_utterances: int
    broken_utterances: int
    unencrypted_packets: int
    gap_p50_ms: float
    gap_p99_ms: float
    gap_max_ms: float
    loop_lag_p50_ms: float
    loop_lag_p99_ms: float
    bot_cpu_s: float
    load_average_1_min: float
    cpus: int
    python: str
    system: str

    def missed(self) -> list[str]:
        most = {
            "lost_utterances": 0,
            "repeated_utterances": 0,
            "broken_utterances": 0,
            "unencrypted_packets": 0,
            "gap_p99_ms": 40,
            "loop_lag_p99_ms": 50,
        }
        measured = asdict(self)
        return [
            f"{name} is {measured[name]:g}, not at most {limit}"
            for name, limit in most.items()
            if measured[name] > limit
        ]


@dataclass
class Room:
    """One server: its member, its channel, and how often its line was asked for."""

    member: Member
    channel: VoiceChannel
    asked: int = 0

    async def speak(self, until_s: float, every_s: float) -> None:
        while time.monotonic() < until_s:
            begun = time.monotonic()
            await self.member.slash("say", text=LINE, voice=VOICE)
            self.asked += 1
            await asyncio.sleep(every_s - (time.monotonic() - begun))


async def soak(servers: int, seconds: float, folder: Path) -> Figures:
    """Speak in `servers` servers for `seconds`; files and the bot's log go into `folder`."""
    async with LoopbackDiscord() as discord:
        rooms = []
        for number in range(servers):
            guild = discord.add_guild(f"Server {number}")
            guild.add_text_channel("general")
            channel = guild.add_voice_channel("Lounge")
            channel.recording = PacketLog()
            # One person in all servers: what others had said is not rendered before.
            member = guild.add_member(f"Member {number}", user=discord.owner)
            rooms.append(Room(member, channel))
        async with running_bot(discord, folder / "home", folder / "bot.log"):
            line = await _rendered(rooms[0])
            for room in rooms:
                await room.member.join(room.channel)
                await (await room.member.slash("join")).reply()
            began_s = time.monotonic()
            every_s = len(line) * 0.02 + _PAUSE_S
            await asyncio.gather(
                *(
                    _later(room, index * every_s / servers, began_s + seconds, every_s)
                    for index, room in enumerate(rooms)
                )
            )
            lag = await _loop_lag(rooms[0].member)
            await asyncio.sleep(every_s + _SETTLE_S)
        return _figures(rooms, line, began_s, seconds, lag=lag)


async def _later(room: Room, after_s: float, until_s: float, every_s: float) -> None:
    await asyncio.sleep(after_s)
    await room.speak(until_s, every_s)


async def _rendered(room: Room) -> list[bytes]:
    await room.member.join(room.channel)
    for _ in range(2):
        since_s = time.monotonic()
        await (await room.member.slash("say", text=LINE, voice=VOICE)).reply(timeout_s=120)
        heard = await room.channel.heard(since_s=since_s, quiet_ms=2000, timeout_s=120)
    return [packet.opus for packet in heard.speech]


async def _loop_lag(member: Member) -> tuple[float, float]:
    """p50 and p99 of the bot's event-loop lag in ms, as `/status` says them."""
    said = (await (await member.slash("status")).reply()).text
    found = re.search(r"Event loop lag\W+p50 (\d+) ms, p95 \d+ ms, p99 (\d+) ms", said)
    if found is None:
        raise RuntimeError(f"/status says nothing of lag: {said}")
    return float(found[1]), float(found[2])


def _figures(
    rooms: Sequence[Room],
    line: list[bytes],
    since_s: float,
    seconds: float,
    *,
    lag: tuple[float, float],
) -> Figures:
    gaps: list[float] = []
    lost = repeated = broken = unencrypted = 0
    for room in rooms:
        packets = room.channel.recording.heard(since_s).speech
        unencrypted += sum(not packet.encrypted for packet in packets)
        whole = 0
        for first in range(0, len(packets), len(line)):
            utterance = packets[first : first + len(line)]
            if [packet.opus for packet in utterance] != line:
                broken += 1
                continue
            whole += 1
            arrivals = [packet.arrived_s for packet in utterance]
            gaps += [(b - a) * 1000 for a, b in itertools.pairwise(arrivals)]
        lost += max(0, room.asked - whole)
        repeated += max(0, whole - room.asked)
    percentiles = statistics.quantiles(gaps, n=100) if len(gaps) > 1 else [0.0] * 99
    used = os.times()  # of children that have ended: the bot and its worker, loading included
    return Figures(
        servers=len(rooms),
        seconds=seconds,
        utterances=sum(room.asked for room in rooms),
        lost_utterances=lost,
        repeated_utterances=repeated,
        broken_utterances=broken,
        unencrypted_packets=unencrypted,
        gap_p50_ms=round(percentiles[49], 1),
        gap_p99_ms=round(percentiles[98], 1),
        gap_max_ms=round(max(gaps, default=0.0), 1),
        loop_lag_p50_ms=lag[0],
        loop_lag_p99_ms=lag[1],
        bot_cpu_s=round(used.children_user + used.children_system, 1),
        load_average_1_min=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0,
        cpus=os.cpu_count() or 0,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bot.demo.soak", description=__doc__)
    parser.add_argument("--servers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks/soak.json"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(soak(args.servers, args.seconds, Path(folder)))
    text = json.dumps(asdict(figures), indent=2)
    sys.stdout.write(text + "\n")
    args.out.write_text(text + "\n", encoding="utf-8")
    missed = figures.missed()
    sys.stderr.writelines(f"missed: {line}\n" for line in missed)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
