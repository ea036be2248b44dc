"""`python -m bot.demo.evening`: an evening of many servers, ten times as fast, and what it leaves.

People come, fetch the bot, write, ask for lines and go; servers invite the bot and remove it. All
that people do is ten times as frequent, speech itself takes its time. At the end of each hour, six
minutes here, everybody has gone home and the bot has left by itself: what it holds then is
compared with what it held after the second hour; until then threads begin and fill their shares of
memory. Exits with 1 where its memory grew by more than a twentieth, where descriptors or threads
became more, where anybody was left without an answer, or where the bot logged an error.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bot.channel.limits import VoiceLimits
from bot.demo import recorded_worker
from bot.demo.bot_process import running_bot
from bot.demo.footprint import Footprint, bot_processes
from bot.loopback import LoopbackDiscord, Member, PacketLog
from bot.loopback.options import OptionValue
from bot.loopback.server import BUSY_MACHINE_S

#: Short, as speech is not ten times as fast.
LINE = "Good evening, everybody."
#: How long people stay in a channel, wait before they come, and are silent between two lines, in
#: seconds of theirs, on average.
_STAY_S, _AWAY_S, _SILENT_S = 1200.0, 600.0, 60.0
#: Nobody comes in the last part of an hour, in which those who are there go.
_OPEN_SHARE = 0.7
#: The share of servers that remove the bot in an hour and invite it again.
_REMOVING = 0.1
#: How long the bot may take until it has left all channels in which nobody is.
_EBB_WITHIN_S = 120.0
_ANSWER_WITHIN_S = 60.0
#: How much larger a process may be at the end than after the first hours.
_MEMORY_GROWTH = 0.05
_WARM_UP_HOURS = 2


@dataclass(frozen=True)
class EveningPlan:
    """What an evening is.

    `speed` is how much faster than people do it all happens, `hour_s` how long an hour takes here,
    and `settle_s` how long the bot has to let go of what it held before that is looked at: its HTTP
    client keeps connections for 15 s.
    """

    servers: int = 30
    hours: int = 4
    speed: float = 10.0
    hour_s: float = 360.0
    settle_s: float = 25.0
    processes: int = 1
    seed: int = 1


@dataclass
class Evening:
    """What happened so far, by name, and what each process held after each hour."""

    plan: EveningPlan
    happened: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    after_hours: list[list[Footprint]] = field(default_factory=list)

    def missed(self) -> list[str]:
        """What should not have been, a sentence each."""
        missed = [f"no answer to {one}, {n} times" for one, n in Counter(self.failed).items()]
        missed += [
            f"logged as an error: {one}, {n} times" for one, n in Counter(self.errors).items()
        ]
        first, last = self.after_hours[_WARM_UP_HOURS - 1], self.after_hours[-1]
        if len(first) != len(last):
            missed.append(f"{len(first)} processes became {len(last)}")
        for number, (before, after) in enumerate(zip(first, last, strict=False)):
            limit = before.memory_mib * (1 + _MEMORY_GROWTH)
            if after.memory_mib > limit:
                missed.append(
                    f"process {number} has {after.memory_mib} MiB, not at most {limit:.1f}"
                )
            for name in ("descriptors", "threads"):
                had, has = getattr(before, name), getattr(after, name)
                if has > had:
                    missed.append(f"process {number} has {has} {name}, not at most {had}")
        return missed


class Venue:
    """A server, its people, and their evening."""

    def __init__(self, discord: LoopbackDiscord, number: int, evening: Evening) -> None:
        self._discord = discord
        self._evening = evening
        self._random = random.Random(f"{evening.plan.seed} {number}")
        self._number = number
        self._lines = 0
        self.guild = discord.add_guild(f"Server {number}")
        self.text = self.guild.add_text_channel("general")
        self.rooms = [self.guild.add_voice_channel(name) for name in ("Lounge", "Games")]
        size = self._random.randint(2, 5)
        self.people = [self.guild.add_member(f"Member {number}.{one}") for one in range(size)]

    async def hour(self, until_s: float) -> None:
        """Everybody comes and goes until `until_s`, when all are gone."""
        for room in self.rooms:
            room.recording = PacketLog()  # nobody listens to what was recorded
        opens_until_s = until_s - (1 - _OPEN_SHARE) * self._evening.plan.hour_s
        await asyncio.gather(
            *(self._person(one, opens_until_s, until_s) for one in self.people),
            self._removal(opens_until_s),
        )

    async def _person(self, person: Member, opens_until_s: float, until_s: float) -> None:
        while True:
            comes_s = time.monotonic() + self._after(_AWAY_S)
            await asyncio.sleep(min(comes_s, opens_until_s) - time.monotonic())
            if comes_s >= opens_until_s:
                return
            await self._visit(person, min(comes_s + self._after(_STAY_S), until_s))
            await person.leave()
            self._count("leaves")

    async def _visit(self, person: Member, until_s: float) -> None:
        bot_is_in = self.guild.bot.voice_channel
        await person.join(bot_is_in or self._random.choice(self.rooms))
        self._count("arrivals")
        if bot_is_in is None:
            await self._ask(person, "join")
        while (wait_s := self._after(_SILENT_S)) < until_s - time.monotonic():
            await asyncio.sleep(wait_s)
            await self._act(person)

    async def _act(self, person: Member) -> None:
        match self._random.random():
            case chance if chance < 0.5:
                await self._ask(person, "say", text=self._line())
            case chance if chance < 0.8:
                self._count("messages")
                await person.send(self.text, self._line())
            case chance if chance < 0.9:
                await self._ask(person, "live start")
            case _:
                await self._ask(person, self._random.choice(("queue", "status", "voice list")))

    async def _ask(self, person: Member, command: str, **options: OptionValue) -> None:
        self._count(f"/{command}")
        try:
            asked = await person.slash(command, at=self.text, **options)
            await asked.reply(timeout_s=_ANSWER_WITHIN_S)
        except TimeoutError:
            hour = len(self._evening.after_hours) + 1
            self._evening.failed.append(f"/{command} in hour {hour}")

    async def _removal(self, before_s: float) -> None:
        if self._random.random() < _REMOVING:
            await asyncio.sleep(self._random.uniform(0.0, before_s - time.monotonic()))
            self._count("removals")
            await self.guild.delete()
            self._discord.invite_bot(self.guild)

    def _count(self, what: str) -> None:
        self._evening.happened[what] += 1

    def _line(self) -> str:
        """One of a few that are known, or a new one; no engine has work with either."""
        if self._random.random() < 0.5:
            return recorded_worker.signed(LINE, self._random.randrange(1, 20))
        self._lines += 1
        return recorded_worker.signed(LINE, 1000 * (self._lines + 1) + self._number)

    def _after(self, people_s: float) -> float:
        return self._random.expovariate(self._evening.plan.speed / people_s)


async def pass_evening(plan: EveningPlan, folder: Path, **settings: str) -> Evening:
    """Have an evening as planned; files and the bot's log go into `folder`."""
    evening = Evening(plan)
    settings = {
        "TIMBRE_WELCOME": "False",
        "TIMBRE_VOICE_ALONE_LEAVE_S": str(VoiceLimits().alone_leave_s / plan.speed),
        "TIMBRE_LOG_FORMAT": "json",
        **recorded_worker.environment(folder),
        **settings,
    }
    options = ("--processes", str(plan.processes)) if plan.processes > 1 else ()
    async with LoopbackDiscord(
        shards=plan.processes, acknowledge_within_s=BUSY_MACHINE_S
    ) as discord:
        venues = [Venue(discord, number, evening) for number in range(plan.servers)]
        log = folder / "bot.log"
        async with running_bot(discord, folder / "home", log, options=options, **settings) as bot:
            for _ in range(plan.hours):
                until_s = time.monotonic() + plan.hour_s
                await asyncio.gather(*(venue.hour(until_s) for venue in venues))
                await _ebb(venues)
                await asyncio.sleep(plan.settle_s)
                evening.after_hours.append([Footprint.of(pid) for pid in bot_processes(bot.pid)])
                _say(evening)
    evening.errors = _errors(log)
    return evening


async def _ebb(venues: list[Venue]) -> None:
    """Wait until the bot has left every channel. Raises `TimeoutError`."""
    async with asyncio.timeout(_EBB_WITHIN_S):
        while any(venue.guild.bot.voice_channel for venue in venues):  # noqa: ASYNC110 - of others
            await asyncio.sleep(0.5)


def _errors(log: Path) -> list[str]:
    """What the bot logged as errors; what is no entry of its log is one."""
    found = []
    for line in log.read_text("utf-8").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            found.append(line)
            continue
        if entry["level"] in ("error", "critical"):
            found.append(entry["event"])
    return found


def _say(evening: Evening) -> None:
    held = ", ".join(
        f"{one.memory_mib} MiB, {one.descriptors} descriptors, {one.threads} threads"
        for one in evening.after_hours[-1]
    )
    sys.stderr.write(f"hour {len(evening.after_hours)}: {held}\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bot.demo.evening", description=__doc__)
    parser.add_argument("--servers", type=int, default=30)
    parser.add_argument("--hours", type=int, default=4, help="of six minutes each, three or more")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1, help="another evening for each")
    parser.add_argument("--log", type=Path, help="where the bot's log is to be kept")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks/evening.json"))
    args = parser.parse_args()
    if not 1 <= args.processes <= args.servers:
        parser.error("--processes: has to be 1 to the number of servers")
    if args.hours <= _WARM_UP_HOURS:
        parser.error("--hours: has to be three or more, as later ones are compared with the second")
    plan = EveningPlan(args.servers, args.hours, processes=args.processes, seed=args.seed)
    with tempfile.TemporaryDirectory() as folder:
        try:
            evening = asyncio.run(pass_evening(plan, Path(folder)))
        finally:
            if args.log is not None:
                shutil.copyfile(Path(folder) / "bot.log", args.log)
    missed = evening.missed()
    text = json.dumps(_figures(evening), indent=2)
    sys.stdout.write(text + "\n")
    args.out.write_text(text + "\n", encoding="utf-8")
    sys.stderr.writelines(f"missed: {line}\n" for line in missed)
    return 1 if missed else 0


def _figures(evening: Evening) -> dict[str, object]:
    return {
        **asdict(evening.plan),
        "happened": dict(sorted(evening.happened.items())),
        "unanswered": len(evening.failed),
        "errors": len(evening.errors),
        "after_hours": [[asdict(one) for one in held] for held in evening.after_hours],
        "load_average_1_min": round(os.getloadavg()[0], 2),
        "cpus": os.cpu_count() or 0,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


if __name__ == "__main__":
    sys.exit(main())
