"""Several real worker processes behind one queue, each with a home and a journal of its own."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.errors import WorkerDied, WorkerUnavailable
from engine.host.dispatcher import PREFERENCE_MAX
from engine.host.limits import QueueLimits
from engine.host.local import devices_of, places
from engine.host.pool import WorkerPool
from engine.host.scaling import Scaling
from engine.host.seat import WorkerPlace
from engine.messages import EngineConfig
from engine.speech import ClonedVoice
from tests.engine.scripted_executor import COMMAND, QUICK, ask, is_speech_of, journal, until

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX signals")


@asynccontextmanager
async def pool(
    home: Path,
    *scripts: Mapping[str, str],
    ready: int | None = None,
    scaling: Scaling | None = None,
) -> AsyncGenerator[WorkerPool, None]:
    """A worker for each of `scripts`, with a home named after its number; `ready` of them wait."""
    seats = []
    for number, script in enumerate(scripts):
        (home / str(number)).mkdir()
        config = EngineConfig(engine="stock", home=str(home / str(number)))
        seats.append(WorkerPlace(f"place {number}", COMMAND, {**os.environ, **script}, config))
    executor = WorkerPool(
        seats,
        limits=QueueLimits(heartbeat_timeout_s=5.0, step_timeout_s=30.0),
        on_enrolled=lambda _: None,
        restarts=QUICK,
        scaling=scaling,
        chance=lambda: 0.5,
    )
    await executor.start()
    wanted = len(scripts) if ready is None else ready
    try:
        await until(lambda: _ready(executor) >= wanted, 60)
        yield executor
    finally:
        await executor.close()


def _states(executor: WorkerPool) -> list[str]:
    return [worker.state for worker in executor.status().workers]


def _ready(executor: WorkerPool) -> int:
    return _states(executor).count("ready")


def _voice(letter: str) -> ClonedVoice:
    return ClonedVoice(letter * 64, "no clip is read", 1)


def release(folder: Path) -> None:
    """Let both workers end what they hold."""
    for name in "01":
        (folder / name / "released").touch()


async def _speak(executor: WorkerPool, texts: Sequence[str], **more: object) -> list[object]:
    asked = (executor.synthesise(ask(text, **more)) for text in texts)
    return await asyncio.gather(*asked, return_exceptions=True)


async def test_workers_speak_at_the_same_time_and_one_queue_feeds_them(tmp_path: Path) -> None:
    async with pool(tmp_path, {}, {}) as executor:
        texts = [f"held {n}" for n in range(4)]
        tasks = [asyncio.create_task(executor.synthesise(ask(text))) for text in texts]
        await until(lambda: executor.status().running == 2)
        assert [worker.running for worker in executor.status().workers] == [1, 1]
        assert executor.status().queued == 2
        release(tmp_path)
        for text, task in zip(texts, tasks, strict=True):
            assert is_speech_of(await task, text)
        assert "2 of 2 workers are ready" in executor.status().detail
    spoken = [journal(tmp_path / name, "spoke") for name in "01"]
    assert sorted(spoken[0] + spoken[1]) == texts
    assert all(spoken)


async def test_a_voice_prefers_the_worker_that_knows_it_but_not_at_any_price(
    tmp_path: Path,
) -> None:
    streams = {"SCRIPT_STREAMS": "32"}
    async with pool(tmp_path, streams, streams) as executor:
        for n in range(3):
            await executor.synthesise(ask(f"warm {n}", voice=_voice("b")))
        knowing = next(name for name in "01" if journal(tmp_path / name, "spoke"))
        assert len(journal(tmp_path / knowing, "spoke")) == 3
        texts = [f"held {n}" for n in range(20)]
        speaking = asyncio.create_task(_speak(executor, texts, voice=_voice("b")))
        await until(lambda: executor.status().running == len(texts))
        running = [worker.running for worker in executor.status().workers]
        assert 0 <= running[int(knowing)] - running[1 - int(knowing)] <= PREFERENCE_MAX + 1
        release(tmp_path)
        answers = await speaking
    assert all(is_speech_of(a, text) for a, text in zip(answers, texts, strict=True))


@posix
async def test_what_a_killed_worker_held_ends_on_another_once(tmp_path: Path) -> None:
    streams = {"SCRIPT_STREAMS": "8"}
    async with pool(tmp_path, streams, streams) as executor:
        texts = [f"held {n}" for n in range(6)]
        speaking = asyncio.create_task(_speak(executor, texts))
        await until(lambda: all(len(journal(tmp_path / name, "admit")) == 3 for name in "01"))
        held = journal(tmp_path / "0", "admit")
        pid = executor.worker_pids[0]
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        release(tmp_path)
        answers = await speaking
        assert all(is_speech_of(a, text) for a, text in zip(answers, texts, strict=True))
        await until(lambda: executor.status().restarts == 1 and _ready(executor) == 2)
    spoken = [text for name in "01" for text in journal(tmp_path / name, "spoke")]
    assert sorted(spoken) == texts
    assert set(held) <= set(texts)


async def test_a_job_tried_again_holds_one_worker_back_and_the_others_go_on(
    tmp_path: Path,
) -> None:
    """What kills its worker twice is reported, and nothing else is lost with it."""
    streams = {"SCRIPT_STREAMS": "4"}
    async with pool(tmp_path, streams, streams, streams) as executor:
        texts = ["die", *(f"slow 0.2 {n}" for n in range(24))]
        answers = await _speak(executor, texts)
        assert isinstance(answers[0], WorkerDied)
        for text, answer in zip(texts[1:], answers[1:], strict=True):
            assert is_speech_of(answer, text)


async def test_forgetting_reaches_every_worker_and_waits_for_the_last(tmp_path: Path) -> None:
    identity = _voice("c").identity
    async with pool(tmp_path, {"SCRIPT_CLONES": "1"}, {"SCRIPT_CLONES": "1"}) as executor:
        texts = ["slow 0.1 a", "slow 0.1 b"]
        await _speak(executor, texts, voice=_voice("c"))
        for name in "01":
            assert len(list((tmp_path / name / "conditionals").iterdir())) == 1
        busy = asyncio.create_task(executor.synthesise(ask("deaf 0.5")))
        await until(lambda: executor.status().running)
        await executor.forget(identity)
        for name in "01":
            assert journal(tmp_path / name, "forgot") == [identity]
            assert list((tmp_path / name / "conditionals").iterdir()) == []
        assert is_speech_of(await busy, "deaf 0.5")


@posix
async def test_forgetting_does_not_wait_for_a_worker_that_was_lost(tmp_path: Path) -> None:
    async with pool(tmp_path, {}, {}) as executor:
        busy = asyncio.create_task(executor.synthesise(ask("slow 200")))
        await until(lambda: executor.status().running)
        running = [worker.running for worker in executor.status().workers].index(1)
        pid = executor.worker_pids[running]
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        forgetting = asyncio.create_task(executor.forget(_voice("d").identity))
        await until(lambda: journal(tmp_path / str(1 - running), "forgot"))
        assert not forgetting.done()
        os.kill(pid, signal.SIGKILL)
        await asyncio.wait_for(forgetting, 60)
        busy.cancel()


async def test_speech_goes_on_without_workers_that_are_of_no_use(tmp_path: Path) -> None:
    """One cannot load; of the two that would speak differently, the first to be ready does."""
    other = {"SCRIPT_PRECISION": "fp16"}
    async with pool(tmp_path, {}, other, {"SCRIPT_LOAD": "unable"}, ready=0) as executor:
        await until(lambda: sorted(_states(executor)) == ["ready", *["unavailable"] * 2], 60)
        status = executor.status()
        speaks = _states(executor).index("ready")
        assert status.state == "ready"
        assert status.engine is not None
        assert status.engine.precision == ("fp32", "fp16")[speaks]
        assert "otherwise than the other workers" in status.workers[1 - speaks].detail
        assert status.workers[2].detail == "There is no tuning fork."
        assert all(is_speech_of(a, "x") for a in await _speak(executor, ["x"]))


async def test_a_worker_with_members_own_voices_replaces_those_without(tmp_path: Path) -> None:
    better = {"SCRIPT_PRECISION": "bf16", "SCRIPT_LOAD": "slow 0.5", "SCRIPT_CLONES": "1"}
    async with pool(tmp_path, {}, better, ready=1) as executor:
        await until(lambda: executor.status().workers[0].state == "unavailable")
        assert (await executor.engine_info()).precision == "bf16"


async def test_speech_is_refused_once_no_worker_can_load(tmp_path: Path) -> None:
    unable = {"SCRIPT_LOAD": "unable"}
    async with pool(tmp_path, unable, unable, ready=0) as executor:
        await until(lambda: executor.status().state == "unavailable", 60)
        with pytest.raises(WorkerUnavailable, match="no tuning fork"):
            await executor.synthesise(ask("x"))


@pytest.mark.parametrize(
    ("settings", "devices"),
    [
        ({}, ["auto"]),
        ({"device": "cpu", "workers": 2}, ["cpu", "cpu"]),
        ({"gpus": "0, 2"}, ["cuda:0", "cuda:2"]),
        ({"gpus": "1", "workers": 2, "device": "cuda"}, ["cuda:1", "cuda:1"]),
    ],
)
async def test_the_settings_say_which_device_each_worker_has(
    settings: dict[str, object], devices: list[str]
) -> None:
    config = EngineConfig(home="var", **settings)
    assert await devices_of(config, None, {}) == devices
    seats = places(config, devices, ["worker"], {})
    assert [seat.config.device for seat in seats] == devices
    numbers = [device[5:] for device in devices if device.startswith("cuda:")]
    seen = [(seat.environment or {}).get("CUDA_VISIBLE_DEVICES") for seat in seats]
    assert [number for number in seen if number] == numbers


async def test_all_cards_are_counted_and_without_any_there_is_one_worker() -> None:
    """Here there may be some: a driver shows none to a process that must not see them."""
    config = EngineConfig(home="var", gpus="all")
    hidden = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
    assert await devices_of(config, sys.executable, hidden) == ["auto"]
    assert await devices_of(config, "/no/such/python", hidden) == ["auto"]


@pytest.mark.parametrize("threads", [0, 3])
def test_workers_of_one_machine_share_its_processors(threads: int) -> None:
    config = EngineConfig(home="var", threads=threads)
    (alone,) = places(config, ["cpu"], [], {})
    assert alone.config.threads == threads
    several = places(config, ["cpu"] * 1000, [], {})
    assert {seat.config.threads for seat in several} == {threads or 1}
