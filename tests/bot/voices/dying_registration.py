"""Registrations that are killed at one of their steps, each in a process of its own.

Run without arguments: reads one `Death` a line and answers each with an `Ended`. The processes are
forked, as to import everything anew would take longer than a registration does.

Steps are where something lasting happens: before each file is opened for writing, renamed or
removed, and before and after each change of the database. The end is when `step` is reached for the
`count`th time, whatever a thread does before it in this run.
"""

import asyncio
import os
import re
import signal
import sys
import tempfile
import threading
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiosqlite
import msgspec

from data.database import Database
from tests.bot.house import ALICE, House, a_house

#: In a statement, or where it is all of what a method is given first.
_TABLE = re.compile(r"(?:INTO|FROM|UPDATE|\(') ?([a-z_]+)")
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


class Death(msgspec.Struct):
    """A registration in `home` and where it is killed; without a `step` it lives."""

    home: str
    kind: str
    step: str = ""
    count: int = 0


class Ended(msgspec.Struct):
    """What a registration reached, and the exit code of its process, negative after a signal."""

    steps: list[str]
    code: int


class Steps:
    def __init__(self, death: Death, tell: int) -> None:
        self._home, self._fatal, self._tell = death.home, (death.step, death.count), tell
        self._reached: Counter[str] = Counter()
        self.counting = False

    def reach(self, what: str) -> None:
        """Something lasting is about to happen, or just did."""
        if not self.counting:
            return
        self._reached[what] += 1
        os.write(self._tell, f"{what}\n".encode())
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


async def _die(death: Death, tell: int) -> None:
    steps = Steps(death, tell)
    sys.addaudithook(steps.audit)
    for owner, name in (
        (Database, "execute"),
        (Database, "insert"),
        (Database, "insert_numbered"),
        (Database, "execute_each"),
        (aiosqlite.Connection, "commit"),
    ):
        setattr(owner, name, steps.around(getattr(owner, name)))
    async with a_house(Path(death.home)) as house:
        await _register(house, steps, death.kind)


def _forked(death: Death) -> Ended:
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            asyncio.run(_die(death, tell))
            code = 0
        finally:
            if code:
                traceback.print_exc()
            os._exit(code)
    os.close(tell)
    with os.fdopen(told) as pipe:
        steps = pipe.read().splitlines()
    return Ended(steps, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


async def _speak_once(home: Path) -> None:
    """Have imported what is imported late, so that each process finds it there."""
    async with a_house(home) as house:
        await house.say(await house.register(ALICE, "Mine"), "hello")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_speak_once(Path(folder)))
    assert threading.active_count() == 1, "a fork has the threads of its parent no more"
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(msgspec.json.encode(_forked(msgspec.json.decode(line, type=Death))))
        sys.stdout.buffer.write(b"\n")
        sys.stdout.buffer.flush()
