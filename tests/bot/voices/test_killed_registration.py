"""SIGKILL at every step of a registration: afterwards there is the whole voice or nothing."""

import asyncio
import hashlib
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import msgspec
import pytest

from tests.bot.house import ALICE, BOB, a_house
from tests.bot.voices.dying_registration import Death, Ended

ROOT = Path(__file__).parents[3]
AT_ONCE = 2
#: What a registration goes through, by the names that issue and code have for it.
MILESTONES = (
    "asked for consent, nothing fetched",
    "downloaded",
    "received",
    "judged and stored as a draft",
    "before execute conditionals_cache",
    "after execute conditionals_cache",
    "enrolled and previewed",
    "os.rename uploads/*.flac",
    "before insert_numbered voices",
    "after insert_numbered voices",
    "kept",
)


#: Announced before the bot does what they say; all other steps tell what is done.
CHANGES = ("open ", "os.")


def fatal(steps: list[str]) -> list[int]:
    """The steps to be killed at: those since whose last one something lasting was done.

    Between the others nothing happens, such as after one statement and before the next.
    """
    return [
        index
        for index, (former, step) in enumerate(itertools.pairwise(["os.", *steps]))
        if former.startswith(CHANGES)
        or (step.startswith("after ") and former.startswith("before "))
    ]


class Reaper:
    """Kills registrations, one at a time."""

    def __init__(self) -> None:
        # Not asyncio's subprocesses: until Python 3.13 one that is cancelled while it starts hangs.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bot.voices.dying_registration"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def reached(self, home: Path, kind: str, step: str = "", count: int = 0) -> list[str]:
        """The steps of a registration, killed at a step's so manieth time or not. Blocks."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(msgspec.json.encode(Death(str(home), kind, step, count)) + b"\n")
        self._process.stdin.flush()
        ended = msgspec.json.decode(self._process.stdout.readline(), type=Ended)
        assert ended.code == (-signal.SIGKILL if step else 0), ended
        return ended.steps

    def close(self) -> None:
        with self._process:
            pass


@pytest.fixture
def reapers() -> Iterator[list[Reaper]]:
    with ExitStack() as stack:
        yield [stack.enter_context(closing(Reaper())) for _ in range(AT_ONCE)]


async def aftermath(home: Path) -> str:
    """Start the services again; which clip Alice has, and that all of it is whole."""
    async with a_house(home) as house:
        await house.janitor.start()
        voices = await house.store.voices.of_owner(ALICE)
        clips = {name for name in house.files() if name.startswith("clips/")}
        assert clips == {voice.clip_path for voice in voices}
        assert not [name for name in house.files() if name.startswith("uploads/")]
        digests = {voice.clip_sha256 for voice in voices}
        for voice in voices:
            content = (home / voice.clip_path).read_bytes()
            assert hashlib.sha256(content).hexdigest() == voice.clip_sha256
            assert voice.consented_at > 0
            await house.say(voice, "hello afterwards")
        derived = {row.voice_identity[-64:] for row in await house.store.conditionals.all()}
        derived |= {row.voice_identity[-64:] for row in await house.store.speech.all()}
        assert derived <= digests
        known = {row.path for row in await house.store.conditionals.all()}
        known |= {row.path for row in await house.store.speech.all()}
        assert {n for n in house.files() if n.startswith(("cond", "speech"))} == known
        # And everybody can go on as if nothing had been.
        await house.register(BOB, "Bobs")
        return "".join((home / voice.clip_path).read_text() for voice in voices)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.skipif(os.name != "posix", reason="nothing else kills a process like SIGKILL")
@pytest.mark.parametrize(
    ("kind", "outcomes"), [("new", ["", "newer"]), ("replace", ["former", "newer"])]
)
async def test_a_kill_at_any_step_leaves_a_whole_voice_or_nothing(
    reapers: list[Reaper], tmp_path: Path, kind: str, outcomes: list[str]
) -> None:
    """With another clip for a voice: the former one or the new one, never half of either."""
    steps = await asyncio.to_thread(reapers[0].reached, tmp_path / "whole", kind)
    assert {"downloaded", "received", "kept"} <= set(steps)
    for milestone in MILESTONES:
        if not (kind == "replace" and "insert_numbered voices" in milestone):
            assert milestone in steps, milestone
    order = [steps.index(milestone) for milestone in MILESTONES if milestone in steps]
    assert order == sorted(order)
    fates = fatal(steps)
    left = iter(fates)
    ended: dict[int, str] = {}

    async def die(reaper: Reaper) -> None:
        for fate in left:
            step = steps[fate]
            home, count = tmp_path / str(fate), steps[: fate + 1].count(step)
            died = await asyncio.to_thread(reaper.reached, home, kind, step, count)
            assert died.count(step) == count
            ended[fate] = await aftermath(home)

    async with asyncio.TaskGroup() as group:
        for reaper in reapers:
            group.create_task(die(reaper))
    for fate in fates:
        print(f"{fate:3d} {ended[fate] or 'nothing':8s} {steps[fate]}")
    # One moment decides: before it there is what was before, from it on the new voice.
    found = [ended[fate] for fate in fates]
    assert sorted(set(found), key=found.index) == outcomes
    assert found == sorted(found, key=outcomes.index)
