"""An actor on its machine, without Ray: a process of its own, which is told and says bytes."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from engine.cluster.link import ActorLink
from engine.cluster.wire import AttachAnswer, Ended, FromActor
from engine.messages import Unable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a cluster's machines run Linux")
LEASE_S = 2.0
ACTOR = f"""
import asyncio, sys, pathlib, msgspec
from engine.bench.cluster.given_sound import GivenSoundWorker
from engine.cluster import actor, keeping
from engine.cluster.link import ActorLink
from engine.cluster.wire import AttachAnswer, ClipWanted, Sound, VoiceClip
from engine.errors import WorkerUnavailable
from engine.messages import EngineConfig, Forget, Forgotten, Ready, Speak, Start
from engine.speech import ClonedVoice, SpeechParameters, StockVoice

actor.HELD_S = 60.0  # however slow the machine
base = pathlib.Path(sys.argv[1])
actor.make_home = lambda: keeping.make_home(base)
START = msgspec.msgpack.encode(Start(EngineConfig(engine="stock", home="")))

class Worker(GivenSoundWorker):
    address = staticmethod(lambda: "127.0.0.1")

class Unfit(Worker):
    @staticmethod
    def load(config, report):
        raise WorkerUnavailable("It is too small.")

class Deaf(Worker):
    address = staticmethod(lambda: "192.0.2.1")

async def attach(worker, holder):
    return msgspec.msgpack.decode(await worker.attach(holder, START), type=AttachAnswer)

class Holder:
    def __init__(self):
        self.said = asyncio.Queue()

    async def connect(self, attached):
        self.link = await ActorLink.connect(
            attached.host, attached.port, attached.key, self.said.put_nowait,
            lambda: self.said.put_nowait(None),
        )

    async def answer(self, kind):
        while not isinstance(report := await self.said.get(), kind):
            assert report is not None
        return report

def clips():
    return len(list(base.rglob("clips/*")))

async def unfit():
    actor._LAST_WORDS_S = actor.LEASE_S = 600.0  # it ends as soon as all is said
    worker = Unfit()
    print((await worker.attach(b"bot", START)).hex(), flush=True)
    await asyncio.Event().wait()

async def deaf():
    answer = await attach(Deaf(), b"bot")
    print(answer.state, answer.host, answer.reason, flush=True)

async def handed_on():
    worker, first, second = Worker(), Holder(), Holder()
    await first.connect(await attach(worker, b"bot"))
    await first.answer(Ready)
    assert (await attach(worker, b"bot")).state == "other"
    actor.HELD_S = 0.0
    await second.connect(await attach(worker, b"other"))
    await second.answer(Ready)
    while await first.said.get() is not None:
        pass
    second.link.send(Speak(7, "Hello.", StockVoice(), SpeechParameters()))
    print((await second.answer(Sound)).job_id, flush=True)

async def main():
    worker, bot = Worker(), Holder()
    attached = await attach(worker, b"bot")
    assert (await attach(worker, b"other")).state == "held"
    await bot.connect(attached)
    await bot.answer(Ready)
    voice = ClonedVoice("a" * 64, "not here", 1)
    job = Speak(7, "Hello.", voice, SpeechParameters())
    bot.link.send(job)
    assert (await bot.answer(ClipWanted)).job_id == 7
    bot.link.send(VoiceClip(voice.identity, b"clip" * 50_000))
    bot.link.send(job)
    sound = await bot.answer(Sound)
    assert (sound.job_id, len(sound.pcm)) == (7, 2 * 57_600)
    print("spoken", clips(), flush=True)
    bot.link.send(Forget(voice.identity))
    await bot.answer(Forgotten)
    print("forgotten", clips(), flush=True)
    bot.link.send(VoiceClip(voice.identity, b"clip"))
    while not clips():
        await asyncio.sleep(0.01)
    actor.HELD_S, actor.LEASE_S = 0.0, {LEASE_S}
    print("kept", clips(), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    print(await worker.attach(b"bot started again", START), flush=True)
    await asyncio.Event().wait()

asyncio.run(globals()[sys.argv[2]]())
"""


@pytest.fixture
def actor(tmp_path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", ACTOR, str(tmp_path), "main"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_clip_is_asked_for_and_one_that_stood_still_forgets_before_it_is_asked_again(
    actor: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    assert actor.stdin is not None
    assert actor.stdout is not None
    try:
        assert actor.stdout.readline() == "spoken 1\n"
        assert actor.stdout.readline() == "forgotten 0\n"
        assert actor.stdout.readline() == "kept 1\n"
        os.kill(actor.pid, signal.SIGSTOP)
        time.sleep(LEASE_S)  # not for something to happen: the time is what is tested
        with suppress(BrokenPipeError):  # it may have been stopped after its end
            actor.stdin.write("the bot was started again meanwhile\n")
            actor.stdin.flush()
        os.kill(actor.pid, signal.SIGCONT)
        said, _ = actor.communicate(timeout=60)
        assert (said, actor.returncode) == ("", 0)
        give_up = time.monotonic() + 60
        while list(tmp_path.iterdir()):
            assert time.monotonic() < give_up, "the folder of the actor is still there"
            time.sleep(0.02)
    finally:
        actor.kill()
        actor.communicate()


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        ("deaf", "deaf 192.0.2.1 "),  # an address of no machine (RFC 5737)
        ("handed_on", "7\n"),
    ],
)
def test_whoever_attaches_is_told_what_it_is_to_know(
    tmp_path: Path, happens: str, said: str
) -> None:
    command = [sys.executable, "-c", ACTOR, str(tmp_path), happens]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=True)
    assert done.stdout.startswith(said)
    if happens == "deaf":
        assert len(done.stdout) > len(said) + 3


async def test_why_it_is_of_no_use_is_told_though_it_was_known_before_anybody_had_connected(
    tmp_path: Path,
) -> None:
    command = (sys.executable, "-c", ACTOR, str(tmp_path), "unfit")
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    answer = bytes.fromhex((await process.stdout.readline()).decode())
    attached = msgspec.msgpack.decode(answer, type=AttachAnswer)
    await asyncio.sleep(0.3)  # it has ended its engine's loop meanwhile
    said: list[FromActor] = []
    lost = asyncio.Event()
    await ActorLink.connect(attached.host, attached.port, attached.key, said.append, lost.set)
    await asyncio.wait_for(lost.wait(), 60)
    assert [report for report in said if isinstance(report, Unable | Ended)] == [
        Unable("It is too small."),
        Ended(0),
    ]
    assert await asyncio.wait_for(process.wait(), 60) == 0
