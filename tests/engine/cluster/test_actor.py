"""An actor on its machine, without Ray: a process of its own, which is told and says bytes."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a cluster's machines run Linux")
LEASE_S = 2.0
ACTOR = f"""
import asyncio, sys, pathlib, msgspec
from engine import framing
from engine.bench.cluster.given_sound import GivenSoundWorker
from engine.cluster import actor, keeping
from engine.cluster.wire import (
    ClipWanted, PIECE_MAX_BYTES, Numbering, Ordering, Sound, VoiceClip, from_actor
)
from engine.messages import EngineConfig, Forget, Forgotten, Ready, Speak, Start
from engine.speech import ClonedVoice, SpeechParameters

actor.HELD_S = 60.0  # however slow the machine
base = pathlib.Path(sys.argv[1])
actor.make_home = lambda: keeping.make_home(base)
numbering, ordering, reports = Numbering(), Ordering(), from_actor()

said = asyncio.Queue()
calls = set()

def call(worker, piece=b""):
    calls.add(asyncio.create_task(take(worker.exchange(b"bot", piece))))

async def take(exchange):
    for piece in await exchange:
        assert len(piece) < 100_000
        for report in reports.feed(ordering.feed(piece)):
            said.put_nowait(report)

async def send(worker, message):
    for piece in numbering.pieces(framing.frame(message)):
        call(worker, piece)

async def answer(worker, kind):
    while not isinstance(report := await said.get(), kind):
        call(worker)
    return report

async def main():
    start = msgspec.msgpack.encode(Start(EngineConfig(engine="stock", home="")))
    worker = GivenSoundWorker()
    assert await worker.attach(b"bot", start) == actor.ATTACHED
    assert await worker.attach(b"other", start) == actor.HELD
    call(worker)
    await answer(worker, Ready)
    voice = ClonedVoice("a" * 64, "not here", 1)
    job = Speak(7, "Hello.", voice, SpeechParameters())
    await send(worker, job)
    assert (await answer(worker, ClipWanted)).job_id == 7
    await send(worker, VoiceClip(voice.identity, b"clip" * 50_000))
    await send(worker, job)
    sound = await answer(worker, Sound)
    assert (sound.job_id, len(sound.pcm)) == (7, 2 * 57_600)
    print("spoken", len(list(base.rglob("clips/*"))), flush=True)
    await send(worker, Forget(voice.identity))
    await answer(worker, Forgotten)
    print("forgotten", len(list(base.rglob("clips/*"))), flush=True)
    await send(worker, VoiceClip(voice.identity, b"clip"))
    await asyncio.sleep(0)
    actor.HELD_S, actor.LEASE_S = 0.0, {LEASE_S}
    print("kept", len(list(base.rglob("clips/*"))), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    print(await worker.attach(b"bot started again", start), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def actor(tmp_path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", ACTOR, str(tmp_path)],
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
