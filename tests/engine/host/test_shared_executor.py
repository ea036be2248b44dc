"""One executor for several bot processes, each over a socket; the worker is a real one."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.errors import ExecutorClosed, VoiceUnusable, WorkerUnavailable
from engine.executor import Executor
from engine.host.executor_server import ExecutorServer
from engine.host.shared_executor import SharedExecutor
from tests.engine.scripted_executor import ask, is_speech_of, journal, ready_executor, until


@dataclass
class Office:
    """An executor that others share; what they heard of enrolments and of its loss."""

    executor: Executor
    enrolments: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    recorded: int = 0

    async def record(self) -> None:
        self.recorded += 1

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[tuple[SharedExecutor, asyncio.Task[None]]]:
        """One that is somewhere else, and the task that serves it."""
        ours, theirs = socket.socketpair()
        serving = asyncio.create_task(
            ExecutorServer(self.executor, self.record, lambda: 7).serve(ours)
        )
        executor = SharedExecutor(
            theirs, on_enrolments=self.enrolments.append, on_lost=lambda: self.lost.append(1)
        )
        await executor.start()
        try:
            yield executor, serving
        finally:
            await executor.close()
            await asyncio.wait({serving}, timeout=60)
            assert serving.done()


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with ready_executor(tmp_path) as executor:
        yield Office(executor)


async def test_two_processes_speak_with_one_worker(office: Office, tmp_path: Path) -> None:
    async with office.shared() as (one, _), office.shared() as (other, _):
        assert await one.engine_info() == await office.executor.engine_info()
        said = await asyncio.gather(
            one.synthesise(ask("hello")),
            other.synthesise(ask("hello")),
            other.synthesise(ask("good bye", user_id=2)),
        )
        assert is_speech_of(said[0], "hello")
        assert is_speech_of(said[1], "hello")
        assert is_speech_of(said[2], "good bye")
        with pytest.raises(VoiceUnusable, match=r"^The clip of this voice is gone\.$"):
            await one.synthesise(ask("unusable"))
        assert journal(tmp_path, "begin").count("hello") == 1, "equal requests are one job"
        await until(lambda: other.status().state == "ready")
        assert other.status().engine == await one.engine_info()
        assert set(office.enrolments) == {7}


async def test_what_was_forgotten_is_recorded_before_that_is_said(office: Office) -> None:
    async with office.shared() as (one, _):
        await one.forget("clip:1:" + "a" * 64)
        assert office.recorded == 1


async def test_what_nobody_waits_for_is_given_up(office: Office, tmp_path: Path) -> None:
    """Whether somebody stopped waiting, or their whole process ended."""
    async with office.shared() as (one, _):
        waiting = asyncio.create_task(one.synthesise(ask("slow 200")))
        await until(lambda: journal(tmp_path, "begin") == ["slow 200"])
        waiting.cancel()
        await until(lambda: journal(tmp_path, "cancelled") == ["slow 200"])
        ended = asyncio.create_task(one.synthesise(ask("slow 201")))
        await until(lambda: "slow 201" in journal(tmp_path, "begin"))
    with pytest.raises(ExecutorClosed):
        await ended
    await until(lambda: "slow 201" in journal(tmp_path, "cancelled"))
    assert office.executor.status().restarts == 0
    assert office.lost == []


async def test_the_loss_of_the_other_process_is_said(office: Office) -> None:
    async with office.shared() as (one, serving):
        waiting = asyncio.create_task(one.synthesise(ask("slow 200")))
        await until(lambda: office.executor.status().running == 1)
        serving.cancel()
        with pytest.raises(WorkerUnavailable, match="lost"):
            await waiting
        await until(lambda: office.lost == [1])
        with pytest.raises(WorkerUnavailable, match="lost"):
            await one.engine_info()
        assert one.status().state == "unavailable"
