"""The executor over a real worker process, as long as nothing breaks."""

import asyncio
import gc
import logging
import os
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest

from engine.errors import (
    DeadlineExceeded,
    ExecutorClosed,
    QueueFull,
    SynthesisFailed,
    VoiceUnusable,
)
from engine.host.limits import QueueLimits
from engine.host.worker_process import Lines
from engine.messages import Enrolled
from engine.speech import Priority
from tests.engine.scripted_executor import (
    ask,
    is_speech_of,
    journal,
    ready_executor,
    scripted_executor,
    until,
)

posix = pytest.mark.skipif(os.name != "posix", reason="C's printing and signal 0 as POSIX has them")


async def test_a_request_is_answered_with_its_speech(tmp_path: Path) -> None:
    async with scripted_executor(tmp_path) as executor:
        info = await executor.engine_info()
        assert info.name == "scripted"
        speech = await executor.synthesise(ask("hello"))
        assert is_speech_of(speech, "hello")
        assert speech.sample_rate == 24_000
        assert speech.stage_ms == {"tone": 1.0}
        assert not speech.pcm.flags.writeable  # equal requests share it
        status = executor.status()
        assert (status.state, status.engine, status.restarts) == ("ready", info, 0)
        assert (status.queued, status.running) == (0, 0)


async def test_requests_made_while_loading_wait_and_status_says_what_is_loading(
    tmp_path: Path,
) -> None:
    async with scripted_executor(tmp_path, {"SCRIPT_LOAD": "slow 0.3"}) as executor:
        waiting = asyncio.create_task(executor.synthesise(ask("hello")))
        await until(lambda: executor.status().detail == "Tuning the fork (50%)")
        status = executor.status()
        assert (status.state, status.engine, status.queued) == ("starting", None, 1)
        assert is_speech_of(await waiting, "hello")


async def test_a_jobs_own_failure_is_raised_as_its_type(tmp_path: Path) -> None:
    async with scripted_executor(tmp_path) as executor:
        with pytest.raises(VoiceUnusable, match=r"^The clip of this voice is gone\.$"):
            await executor.synthesise(ask("unusable"))
        assert is_speech_of(await executor.synthesise(ask("next")), "next")
        assert executor.status().restarts == 0


async def test_the_worker_speaks_in_fair_turns(tmp_path: Path) -> None:
    """Two guilds and two users of one, all waiting behind one job of an engine that does one."""
    async with ready_executor(tmp_path) as executor:
        tasks = [asyncio.create_task(executor.synthesise(ask("slow 0.2 blocker")))]
        await until(lambda: journal(tmp_path, "begin"))
        for guild, user, text in [
            *((1, 1, f"greedy-{n}") for n in range(3)),
            (1, 2, "modest"),
            (2, 3, "elsewhere-0"),
            (2, 3, "elsewhere-1"),
        ]:
            request = ask(text, guild_id=guild, user_id=user)
            tasks.append(asyncio.create_task(executor.synthesise(request)))
        ahead = ask("ahead", guild_id=3, priority=Priority.LOOK_AHEAD)
        tasks.insert(1, asyncio.create_task(executor.synthesise(ahead)))
        await asyncio.gather(*tasks)
    assert journal(tmp_path, "spoke")[1:] == [
        "greedy-0",
        "elsewhere-0",
        "modest",
        "elsewhere-1",
        "greedy-1",
        "greedy-2",
        "ahead",
    ]


async def test_an_engine_is_given_as_many_jobs_as_it_works_on(tmp_path: Path) -> None:
    async with ready_executor(tmp_path, {"SCRIPT_STREAMS": "3"}) as executor:
        texts = [f"slow 0.2 {n}" for n in range(4)]
        tasks = [asyncio.create_task(executor.synthesise(ask(text))) for text in texts]
        await until(lambda: executor.status().running)
        assert (executor.status().running, executor.status().queued) == (3, 1)
        await until(lambda: journal(tmp_path, "admit"))
        assert journal(tmp_path, "admit") == texts[:3]
        for text, task in zip(texts, tasks, strict=True):
            assert is_speech_of(await task, text)


async def test_equal_requests_are_spoken_once_for_everybody(tmp_path: Path) -> None:
    async with ready_executor(tmp_path) as executor:
        first = asyncio.create_task(executor.synthesise(ask("slow 0.1 same", guild_id=1)))
        await until(lambda: executor.status().running)
        others = [executor.synthesise(ask("slow 0.1 same", guild_id=n)) for n in range(2, 9)]
        for speech in await asyncio.gather(first, *others):
            assert is_speech_of(speech, "slow 0.1 same")
    assert journal(tmp_path, "begin") == ["slow 0.1 same"]


async def test_cancelling_reaches_the_worker_once_nobody_waits(tmp_path: Path) -> None:
    async with ready_executor(tmp_path) as executor:
        tasks = [asyncio.create_task(executor.synthesise(ask("slow 20"))) for _ in range(2)]
        await until(lambda: journal(tmp_path, "begin"))
        tasks[0].cancel()
        await asyncio.sleep(0.1)
        assert journal(tmp_path, "cancelled") == []
        tasks[1].cancel()
        await until(lambda: journal(tmp_path, "cancelled") == ["slow 20"], 1.0)
        assert (executor.status().running, executor.status().queued) == (0, 0)
        assert is_speech_of(await executor.synthesise(ask("next")), "next")


async def test_a_cancelled_request_that_waits_never_reaches_the_worker(tmp_path: Path) -> None:
    async with ready_executor(tmp_path) as executor:
        running = asyncio.create_task(executor.synthesise(ask("slow 0.2")))
        waiting = asyncio.create_task(executor.synthesise(ask("never")))
        await until(lambda: executor.status().queued == 1)
        waiting.cancel()
        await until(lambda: executor.status().queued == 0)
        await running
        await executor.synthesise(ask("last"))
    assert journal(tmp_path, "begin") == ["slow 0.2", "last"]


async def test_a_full_queue_refuses_at_once_and_loses_nothing(tmp_path: Path) -> None:
    async with ready_executor(tmp_path, limits=QueueLimits(max_jobs=3)) as executor:
        tasks = [asyncio.create_task(executor.synthesise(ask("slow 0.2 running")))]
        await until(lambda: executor.status().running)
        tasks += [asyncio.create_task(executor.synthesise(ask(f"{n}"))) for n in range(3)]
        await until(lambda: executor.status().queued == 3)
        asked = time.monotonic()
        with pytest.raises(QueueFull, match="try again"):
            await executor.synthesise(ask("refused"))
        assert time.monotonic() - asked < 0.05
        assert is_speech_of((await asyncio.gather(*tasks))[3], "2")
        assert is_speech_of(await executor.synthesise(ask("refused")), "refused")


async def test_a_deadline_is_told_on_time_while_the_worker_is_busy(tmp_path: Path) -> None:
    async with ready_executor(tmp_path) as executor:
        running = asyncio.create_task(executor.synthesise(ask("slow 0.6", deadline_s=0.1)))
        await until(lambda: executor.status().running)
        asked = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            await executor.synthesise(ask("late", deadline_s=0.1))
        assert 0.09 < time.monotonic() - asked < 0.3
        assert is_speech_of(await running, "slow 0.6")  # it had started
    assert journal(tmp_path, "begin") == ["slow 0.6"]


async def test_enrolled_voices_are_handed_on_even_if_that_fails_once(tmp_path: Path) -> None:
    enrolled = []

    def record(report: Enrolled) -> None:
        enrolled.append(report)
        raise RuntimeError("the database is locked")

    variables = {"SCRIPT_LOAD": "enrol"}
    async with scripted_executor(tmp_path, variables, on_enrolled=record) as executor:
        assert is_speech_of(await executor.synthesise(ask("hello")), "hello")
    assert enrolled == [Enrolled("key", "clip", "model", "engine", "conditionals/key", 12)]


@posix
async def test_what_the_worker_prints_is_logged_line_by_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with scripted_executor(tmp_path) as executor:
        assert is_speech_of(await executor.synthesise(ask("print hunter2")), "print hunter2")
        assert executor.status().restarts == 0
    logged = [r.getMessage() for r in caplog.records if r.name == "engine.worker"]
    for line in ("by Python", "to descriptor 1: ä \ufffd", "by C", "by a child"):
        assert any(line in each for each in logged)
    assert not any("hunter2" in record.getMessage() for record in caplog.records)


async def test_the_workers_own_log_keeps_its_levels(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with scripted_executor(tmp_path) as executor:
        with pytest.raises(SynthesisFailed, match=r"^The speech engine failed on this text\.$"):
            await executor.synthesise(ask("bug hunter2"))
        await until(lambda: "builtins.ValueError" in caplog.text)
    logged = {r.getMessage(): r.levelname for r in caplog.records if r.name == "engine.worker"}
    assert logged["a job failed"] == "ERROR"
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        ([b"one\ntw", b"o\n\n  \nthree"], ["one", "two", "three"]),
        ([b"10%\r20%\r", b"30%\r", b"\ndone\r", b"\n"], ["30%", "done"]),
        ([b"\x1b[31mred\x1b[0m \xff\n"], ["[31mred[0m \ufffd"]),
        ([b"x" * 3000] * 1000 + [b"\nnext\n"], ["x" * 4096, "next"]),
    ],
)
def test_any_output_becomes_lines_fit_for_a_log(written: list[bytes], lines: list[str]) -> None:
    cutter = Lines()
    assert [*(line for data in written for line in cutter.feed(data)), *cutter.end()] == lines


@posix
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
async def test_close_fails_what_waits_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """No process, thread, task, descriptor or warning; and quickly, with a worker that is deaf."""
    gc.collect()
    before = _held()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for text in ("deaf 20", "slow 20"):
            async with ready_executor(tmp_path) as executor:
                pid = executor.worker_pid
                running = asyncio.create_task(executor.synthesise(ask(text)))
                waiting = asyncio.create_task(executor.synthesise(ask("waiting")))
                await until(lambda: executor.status().running)
                await asyncio.sleep(0.1)
                asked = time.monotonic()
                await executor.close()
                assert time.monotonic() - asked < (3.0 if text == "deaf 20" else 1.0)
                for task in (running, waiting):
                    with pytest.raises(ExecutorClosed, match="shutting down"):
                        await task
                with pytest.raises(ProcessLookupError):
                    os.kill(pid, 0)
                assert executor.status().state == "closed"
                with pytest.raises(ExecutorClosed):
                    await executor.synthesise(ask("too late"))
                with pytest.raises(ExecutorClosed):
                    await executor.engine_info()
                await executor.close()  # twice is once
        gc.collect()
    await until(lambda: _held() == before, 1.0)


def _held() -> tuple[int, str, int, int]:
    descriptors = Path("/proc/self/fd")
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    return (
        len(list(descriptors.iterdir())) if descriptors.exists() else 0,
        children.read_text() if children.exists() else "",
        len(asyncio.all_tasks()),
        threading.active_count(),
    )


@pytest.mark.parametrize("load", ["slow 20", "unable", "die"])
async def test_close_is_quick_whatever_the_worker_is_at(tmp_path: Path, load: str) -> None:
    async with scripted_executor(tmp_path, {"SCRIPT_LOAD": load}) as executor:
        await until(lambda: "load" in journal(tmp_path))
        asked = time.monotonic()
        await executor.close()
        assert time.monotonic() - asked < 3.0
        assert executor.status().state == "closed"


async def test_closing_before_the_start_is_no_trouble(tmp_path: Path) -> None:
    async with scripted_executor(tmp_path) as executor:
        await executor.close()
        with pytest.raises(ExecutorClosed):
            await executor.start()


def test_the_discord_process_needs_no_torch_for_it() -> None:
    code = (
        "import sys, engine.host.local; print(sorted({'torch', 'onnxruntime'} & set(sys.modules)))"
    )
    assert (
        subprocess.check_output(
            [sys.executable, "-c", code], cwd=Path(__file__).parents[3], text=True
        )
        == "[]\n"
    )
