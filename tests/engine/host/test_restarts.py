"""How often and when a lost worker is replaced, and when speech is said to be unavailable."""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

import pytest

from engine.errors import WorkerUnavailable
from engine.host.restarts import RestartPolicy
from tests.engine.scripted_executor import (
    QUICK,
    ask,
    is_speech_of,
    journal,
    scripted_executor,
    until,
)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ((sys.executable, "-c", "print('Welcome to the shell!'); input()"), "unusable"),
        (("no-such-python",), "cannot be started"),
    ],
)
async def test_a_program_that_is_no_worker_makes_speech_unavailable(
    tmp_path: Path, command: tuple[str, ...], why: str
) -> None:
    async with scripted_executor(tmp_path, command=command) as executor:
        with pytest.raises(WorkerUnavailable, match=why):
            await asyncio.wait_for(executor.engine_info(), 60)
        assert executor.status().restarts == 2


async def test_a_worker_that_dies_loading_time_after_time_makes_speech_unavailable(
    tmp_path: Path,
) -> None:
    """With its last words as the reason, for whoever waits; no more workers are started."""
    async with scripted_executor(tmp_path, {"SCRIPT_LOAD": "die"}) as executor:
        waiting = asyncio.create_task(executor.synthesise(ask("hello")))
        with pytest.raises(WorkerUnavailable, match="the tuning fork is bent"):
            await asyncio.wait_for(executor.engine_info(), 60)
        with pytest.raises(WorkerUnavailable):
            await waiting
        status = executor.status()
        assert (status.state, status.engine, status.queued) == ("unavailable", None, 0)
        assert "bent" in status.detail
    assert journal(tmp_path) == ["load"] * 3


async def test_after_a_pause_a_request_makes_an_unavailable_worker_try_again(
    tmp_path: Path,
) -> None:
    async with scripted_executor(tmp_path, {"SCRIPT_LOAD": "unable-once"}) as executor:
        with pytest.raises(WorkerUnavailable, match=r"not available\. There is no tuning fork\."):
            await executor.engine_info()
        with pytest.raises(WorkerUnavailable):
            await executor.synthesise(ask("too early"))
        assert journal(tmp_path) == ["load"]
        await asyncio.sleep(QUICK.unavailable_pause_s)
        assert executor.status().state == "unavailable"  # nobody has asked yet
        assert is_speech_of(await executor.synthesise(ask("hello")), "hello")
        assert executor.status().state == "ready"


def test_pauses_double_with_jitter_up_to_the_longest() -> None:
    policy = RestartPolicy(first_pause_s=0.25, pause_max_s=30)
    assert [policy.pause_s(n, 1.0) for n in (1, 2, 3)] == [0.25, 0.5, 1.0]
    assert [policy.pause_s(n, 0.0) for n in (1, 2, 3)] == [0.125, 0.25, 0.5]
    assert policy.pause_s(10_000, 1.0) == 30


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
@pytest.mark.parametrize("healthy_after_s", [0.0, 60.0])
async def test_the_pauses_grow_until_a_worker_has_been_healthy(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, healthy_after_s: float
) -> None:
    caplog.set_level(logging.INFO, "engine.host.supervisor")
    policy = RestartPolicy(first_pause_s=0.05, healthy_after_s=healthy_after_s)
    async with scripted_executor(tmp_path, restarts=policy, chance=lambda: 0.0) as executor:
        for count in range(3):
            await until(lambda: executor.status().state == "ready")
            os.kill(executor.worker_pid, signal.SIGKILL)
            await until(lambda expected=count + 1: executor.status().restarts == expected)
        await until(lambda: executor.status().state == "ready")
    pauses = [r.args[0] for r in caplog.records if "next worker" in r.msg]
    assert pauses == pytest.approx([0.025] * 3 if healthy_after_s == 0 else [0.025, 0.05, 0.1])
