"""A registration that is killed at one of its steps. Run as `... HOME new|replace [STEP COUNT]`.

Steps are where something lasting happens: before each file is opened for writing, renamed or
removed, and before and after each change of the database. What was reached is told on stdout; the
end is when STEP is reached for the COUNTth time, whatever a thread does before it in this run.
"""

import asyncio
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiosqlite

from data.database import Database
from tests.bot.house import ALICE, House, a_house

#: In a statement, or where it is all of what a method is given first.
_TABLE = re.compile(r"(?:INTO|FROM|UPDATE|\(') ?([a-z_]+)")
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


class Steps:
    def __init__(self, home: Path, fatal: tuple[str, int]) -> None:
        self._home, self._fatal = str(home), fatal
        self._reached: Counter[str] = Counter()
        self.counting = False

    def reach(self, what: str) -> None:
        """Something lasting is about to happen, or just did."""
        if not self.counting:
            return
        self._reached[what] += 1
        os.write(1, f"{what}\n".encode())
        if (what, self._reached[what]) == self._fatal:
            os.kill(os.getpid(), _KILL)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Hear of everything that is done to files below the home, the database's own aside."""
        if event not in ("open", "os.rename", "os.remove", "os.mkdir"):
            return
        path = str(arguments[0])
        if not path.startswith(self._home) or "timbre.db" in path:
            return
        if event == "open" and not (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR):
            return
        folder, _, name = path.removeprefix(self._home).lstrip(os.sep).partition(os.sep)
        self.reach(f"{event} {folder}/*{Path(name).suffix}")

    def around(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def stepping(subject: object, *arguments: object, **options: object) -> object:
            what = " ".join([method.__name__, *_TABLE.findall(str(arguments[:1]))])
            self.reach(f"before {what}")
            result = await method(subject, *arguments, **options)
            self.reach(f"after {what}")
            return result

        return stepping


async def _register(house: House, steps: Steps, kind: str) -> None:
    former = await house.register(ALICE, "Mine", b"former") if kind == "replace" else None
    if former is not None:
        await house.say(former, "hello")
    steps.counting = True
    wish = house.wish(ALICE, "Mine", replaces=former)

    async def fetch(path: Path) -> None:
        steps.reach("asked for consent, nothing fetched")
        await asyncio.to_thread(path.write_bytes, b"newer")
        steps.reach("downloaded")

    async def received() -> None:
        steps.reach("received")

    draft = await house.registration.draft(wish, fetch, received)
    steps.reach("judged and stored as a draft")
    await house.speech.saying(["hello preview"], draft.speaker).ogg()
    steps.reach("enrolled and previewed")
    await house.registration.keep(draft)
    steps.reach("kept")
    steps.counting = False


async def _main(home: Path, kind: str, step: str = "", count: str = "0") -> None:
    steps = Steps(home, (step, int(count)))
    sys.addaudithook(steps.audit)
    for owner, name in (
        (Database, "execute"),
        (Database, "insert"),
        (Database, "execute_each"),
        (aiosqlite.Connection, "commit"),
    ):
        setattr(owner, name, steps.around(getattr(owner, name)))
    async with a_house(home) as house:
        await _register(house, steps, kind)


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), *sys.argv[2:]))
