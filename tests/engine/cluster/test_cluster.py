"""A real Ray cluster on this machine: actors that speak, die, stand still, and forget.

`pip install ray==2.60.0` brings what it takes; the rest of the suite goes without.
"""

import asyncio
import hashlib
import importlib.util
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from engine.bench.cluster.head import RayHead, ray_head, ray_machine
from engine.cluster.actor import LEASE_S
from engine.errors import WorkerUnavailable
from engine.host import cluster
from engine.host.limits import QueueLimits
from engine.host.pool import WorkerPool
from engine.messages import EngineConfig
from engine.speech import ClonedVoice, SpeechRequest
from tests.waiting import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None,
        reason="Ray is not installed: pip install ray==2.60.0 installs it",
    ),
]
LONG = "This is a long line, which takes a while to be spoken, and two of them are spoken at once."
SHARED_MEMORY = Path("/dev/shm")


@pytest.fixture(scope="module")
def head() -> Iterator[RayHead]:
    """A head with a token, for two workers; its processes end with the tests."""
    with ray_head(cpus=2) as started:
        yield started


@asynccontextmanager
async def _bot(home: Path, head: RayHead) -> AsyncGenerator[WorkerPool, None]:
    """An executor as the bot has it, with two workers that are ready."""
    config = EngineConfig(engine="stock", home=str(home), workers=2, threads=1)
    executor = WorkerPool(
        cluster.places(config, head.address, os.environ | head.variables),
        limits=cluster.limits_of(QueueLimits()),
        on_enrolled=lambda _: None,
        restarts=cluster.RESTARTS,
    )
    await executor.start()
    try:
        await _both_ready(executor)
        yield executor
    finally:
        await executor.close()


async def _both_ready(executor: WorkerPool) -> None:
    await until(lambda: all(w.state == "ready" for w in executor.status().workers), 120)


def _kept() -> list[Path]:
    return [path for path in SHARED_MEMORY.glob("timbre-voices-*/clips/*") if path.is_file()]


async def _busy_with_two(executor: WorkerPool, name: str) -> "asyncio.Future[list[float]]":
    async def one(number: int) -> float:
        speech = await executor.synthesise(SpeechRequest(text=f"{LONG} {name} {number}."))
        return speech.duration_s

    speaking = asyncio.gather(*(one(number) for number in range(2)))
    await until(lambda: executor.status().running == 2)
    return speaking


async def test_a_cluster_speaks_forgets_and_outlives_its_parts(
    head: RayHead, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.wav"
    clip.write_bytes(os.urandom(300_000))
    voice = ClonedVoice(hashlib.sha256(clip.read_bytes()).hexdigest(), str(clip), 7)
    async with _bot(tmp_path, head) as executor:
        asked = (SpeechRequest(text=f"Mine, {n}.", voice=voice) for n in range(3))
        speeches = await asyncio.gather(*map(executor.synthesise, asked))
        assert all(speech.duration_s > 0.3 for speech in speeches)
        assert [path.read_bytes() == clip.read_bytes() for path in _kept()] == [True, True]
        await executor.forget(voice.identity)
        assert _kept() == []

        speaking = await _busy_with_two(executor, "killed")
        os.kill(head.actors()[0], signal.SIGKILL)
        assert all(seconds > 3 for seconds in await asyncio.wait_for(speaking, 120))
        await _both_ready(executor)

    # The bot is started again, and finds the workers that it left.
    actors = set(head.actors())
    async with _bot(tmp_path, head) as executor:
        assert set(head.actors()) == actors
        await executor.synthesise(SpeechRequest(text="Good morning.", voice=voice))
        assert len(_kept()) == 1
        speaking = await _busy_with_two(executor, "frozen")
        os.kill(head.actors()[0], signal.SIGSTOP)
        began = time.monotonic()
        await until(lambda: executor.status().running < 2, 30)
        assert time.monotonic() - began < 21
        assert all(seconds > 3 for seconds in await asyncio.wait_for(speaking, 120))
        await executor.forget(voice.identity)

    # Without a bot they end by themselves, and leave nothing.
    for actor in head.actors():
        os.kill(actor, signal.SIGCONT)
    await until(lambda: not head.actors(), LEASE_S + 40)
    await until(lambda: not list(SHARED_MEMORY.glob("timbre-voices-*")), 30)


@pytest.mark.timeout(900)
async def test_a_machine_that_stands_still_or_dies_loses_no_speech_and_keeps_no_voice(
    tmp_path: Path,
) -> None:
    clip = tmp_path / "clip.wav"
    clip.write_bytes(os.urandom(3_000))
    voice = ClonedVoice(hashlib.sha256(clip.read_bytes()).hexdigest(), str(clip), 7)
    with (
        ray_head(cpus=0) as head,
        ray_machine(head, cpus=1) as dying,
        ray_machine(head, cpus=1) as stopping,
    ):
        async with _bot(tmp_path, head) as executor:
            asked = (SpeechRequest(text=f"Mine, {n}.", voice=voice) for n in range(3))
            await asyncio.gather(*map(executor.synthesise, asked))
            assert len(_kept()) == 2

            speaking = await _busy_with_two(executor, "frozen machine")
            stopping.signal(signal.SIGSTOP)
            assert await _seconds_until_given_up(executor) < 28
            assert all(seconds > 3 for seconds in await asyncio.wait_for(speaking, 120))
            await asyncio.wait_for(executor.forget(voice.identity), 30)
            assert len(_kept()) == 1  # on the one that cannot be told
            stopping.signal(signal.SIGCONT)
            await until(lambda: not _kept(), LEASE_S + 40)
            await _both_ready(executor)

            speaking = await _busy_with_two(executor, "dead machine")
            dying.signal(signal.SIGKILL)
            assert await _seconds_until_given_up(executor) < 28
            assert all(seconds > 3 for seconds in await asyncio.wait_for(speaking, 120))
            with ray_machine(head, cpus=1):  # another takes its place
                await _both_ready(executor)
                await asyncio.wait_for(await _busy_with_two(executor, "other machine"), 120)
    await until(lambda: not list(SHARED_MEMORY.glob("timbre-voices-*")), 30)


async def _seconds_until_given_up(executor: WorkerPool) -> float:
    """7 are wanted; a machine that is busy with other tests has four times as many."""
    began = time.monotonic()
    await until(lambda: any(w.state != "ready" for w in executor.status().workers), 60)
    taken = time.monotonic() - began
    print(f"given up after {taken:.1f} s")
    return taken


RELAY = """
import sys
from engine.worker.pipes import claim
pipes = claim()
import msgspec
from msgspec.structs import replace
from engine.cluster import relay
from engine.cluster.actor import NodeWorker
from engine.cluster.wire import AttachAnswer

class Deaf(NodeWorker):
    address = staticmethod(lambda: "192.0.2.1")  # of no machine (RFC 5737)

class Walled(NodeWorker):
    async def attach(self, holder, start):
        answer = msgspec.msgpack.decode(await super().attach(holder, start), type=AttachAnswer)
        return msgspec.msgpack.encode(replace(answer, port=1))

class OfAnotherVersion(NodeWorker):
    async def attach(self, holder, start):
        return b"attached"

class Impatient(NodeWorker):
    def __init__(self):
        from engine.cluster import actor
        actor.LEASE_S = 3.0
        super().__init__()

relay.run(*pipes, *sys.argv[2:5], actor=globals()[sys.argv[1]])
"""


def _bot_of_one(home: Path, head: RayHead, actor: str) -> WorkerPool:
    """An executor with one worker, of a class in `RELAY`."""
    config = EngineConfig(engine="stock", home=str(home), workers=1, threads=1)
    (place,) = cluster.places(config, head.address, os.environ | head.variables)
    return WorkerPool(
        [replace(place, command=(sys.executable, "-c", RELAY, actor, *place.command[3:]))],
        limits=cluster.limits_of(QueueLimits()),
        on_enrolled=lambda _: None,
        restarts=cluster.RESTARTS,
    )


async def test_a_worker_stays_as_long_as_its_bot_is_there_whether_it_speaks_or_not(
    head: RayHead, tmp_path: Path
) -> None:
    executor = _bot_of_one(tmp_path, head, "Impatient")
    await executor.start()
    try:
        await until(lambda: executor.status().state == "ready", 120)
        (there,) = head.actors("Impatient")
        await asyncio.sleep(8.0)  # not for something to happen: it would end after 3 s
        await executor.synthesise(SpeechRequest(text="Hello."))
        assert head.actors("Impatient") == [there]
        assert executor.status().restarts == 0
    finally:
        await executor.close()
    await until(lambda: not head.actors("Impatient"), 30)


@pytest.mark.parametrize(
    ("actor", "said"),
    [
        ("Deaf", r"does not let it listen at 192\.0\.2\.1: Cannot assign requested address"),
        (
            "Walled",
            r"cannot be reached at [0-9.]+, port 1: Connection refused\. Its machine's fire",
        ),
        ("OfAnotherVersion", "does not serve this Timbre"),
    ],
)
async def test_a_worker_that_nobody_can_talk_to_is_said_and_does_not_stay(
    head: RayHead, tmp_path: Path, actor: str, said: str
) -> None:
    executor = _bot_of_one(tmp_path, head, actor)
    await executor.start()
    try:
        with pytest.raises(WorkerUnavailable, match=said):
            await executor.synthesise(SpeechRequest(text="Hello."))
        await until(lambda: not head.actors(actor), LEASE_S / 2)
    finally:
        await executor.close()


async def test_a_cluster_that_is_away_is_said_at_once_and_tried_again(tmp_path: Path) -> None:
    config = EngineConfig(engine="stock", home=str(tmp_path), workers=1)
    executor = WorkerPool(
        cluster.places(config, "127.0.0.1:1", os.environ),
        limits=cluster.limits_of(QueueLimits()),
        on_enrolled=lambda _: None,
        restarts=cluster.RestartPolicy(unavailable_pause_s=0.0),
    )
    await executor.start()
    try:
        for _ in range(2):
            with pytest.raises(WorkerUnavailable, match=r"cluster at 127\.0\.0\.1:1 cannot be"):
                await executor.synthesise(SpeechRequest(text="Hello."))
    finally:
        await executor.close()
