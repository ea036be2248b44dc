"""The executor over a real worker process, as long as nothing breaks."""

import asyncio
import gc
import logging
import os
import threading
import time
import warnings
from pathlib import Path

import psutil
import pytest

from engine.errors import ExecutorClosed, SpeechError, SynthesisFailed, VoiceUnusable
from engine.host.worker_process import Lines
from engine.messages import Enrolled
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
    async with scripted_executor(tmp_path, {"SCRIPT_LOAD": "held"}) as executor:
        waiting = asyncio.create_task(executor.synthesise(ask("hello")))
        await until(lambda: executor.status().detail == "Tuning the fork (50%)")
        status = executor.status()
        assert (status.state, status.engine, status.queued) == ("starting", None, 1)
        (tmp_path / "released").touch()
        assert is_speech_of(await waiting, "hello")


@pytest.mark.parametrize(
    ("text", "error", "sentence"),
    [
        ("unusable", VoiceUnusable, r"^The clip of this voice is gone\.$"),
        ("not-a-number", SynthesisFailed, "damaged"),
        ("other-rate", SynthesisFailed, "another sample rate"),
    ],
)
async def test_a_jobs_own_failure_is_raised_as_its_type(
    tmp_path: Path, text: str, error: type[SpeechError], sentence: str
) -> None:
    async with scripted_executor(tmp_path) as executor:
        with pytest.raises(error, match=sentence):
            await executor.synthesise(ask(text))
        assert is_speech_of(await executor.synthesise(ask("next")), "next")
        assert executor.status().restarts == 0


@pytest.mark.parametrize(("before", "streams"), [("hello", 3), ("narrow", 1)])
async def test_an_engine_is_given_as_many_jobs_as_it_works_on(
    tmp_path: Path, before: str, streams: int
) -> None:
    """Fewer after its memory ran out: the rest waits where fairness and deadlines are kept."""
    async with ready_executor(tmp_path, {"SCRIPT_STREAMS": "3"}) as executor:
        await executor.synthesise(ask(before))
        assert (await executor.engine_info()).streams == streams
        texts = [f"held {n}" for n in range(4)]
        tasks = [asyncio.create_task(executor.synthesise(ask(text))) for text in texts]
        await until(lambda: executor.status().running)
        assert (executor.status().running, executor.status().queued) == (streams, 4 - streams)
        await until(lambda: len(journal(tmp_path, "admit")) > streams)
        assert journal(tmp_path, "admit") == [before, *texts[:streams]]
        (tmp_path / "released").touch()
        for text, task in zip(texts, tasks, strict=True):
            assert is_speech_of(await task, text)


async def test_cancelling_reaches_the_worker_once_nobody_waits(tmp_path: Path) -> None:
    """Equal requests are one job, and what is cancelled in the queue never begins."""
    async with ready_executor(tmp_path) as executor:
        tasks = [asyncio.create_task(executor.synthesise(ask("slow 200"))) for _ in range(2)]
        await until(lambda: journal(tmp_path, "begin"))
        tasks.append(asyncio.create_task(executor.synthesise(ask("never"))))
        await until(lambda: executor.status().queued == 1)
        for cancelled in (0, 2):
            tasks[cancelled].cancel()
        await until(lambda: executor.status().queued == 0)
        await asyncio.sleep(0.1)
        assert journal(tmp_path, "cancelled") == []
        tasks[1].cancel()
        await until(lambda: journal(tmp_path, "cancelled") == ["slow 200"])
        assert (executor.status().running, executor.status().queued) == (0, 0)
        assert is_speech_of(await executor.synthesise(ask("next")), "next")
    assert journal(tmp_path, "begin") == ["slow 200", "next"]


async def test_enrolled_voices_are_handed_on_even_if_that_fails_once(tmp_path: Path) -> None:
    enrolled = []

    def record(report: Enrolled) -> None:
        enrolled.append(report)
        raise RuntimeError("the database is locked")

    variables = {"SCRIPT_LOAD": "enrol"}
    async with scripted_executor(tmp_path, variables, on_enrolled=record) as executor:
        assert is_speech_of(await executor.synthesise(ask("hello")), "hello")
    voice = f"clip:1:{'b' * 64}"
    assert enrolled == [Enrolled("a" * 64, voice, "model", "engine", "conditionals/key", 12)]


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
        for text in ("deaf 100", "slow 100"):
            async with ready_executor(tmp_path) as executor:
                pid = executor.worker_pid
                running = asyncio.create_task(executor.synthesise(ask(text)))
                waiting = asyncio.create_task(executor.synthesise(ask("waiting")))
                await until(lambda: executor.status().running)
                await asyncio.sleep(0.1)
                asked = time.monotonic()
                await executor.close()
                assert time.monotonic() - asked < 30.0
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
    await until(lambda: _held() == before)


def _held() -> tuple[int, list[psutil.Process], int, int]:
    here = psutil.Process()
    tasks = len(asyncio.all_tasks())
    return here.num_fds(), here.children(), tasks, threading.active_count()


@pytest.mark.parametrize("load", ["slow 100", "unable", "die"])
async def test_close_is_quick_whatever_the_worker_is_at(tmp_path: Path, load: str) -> None:
    async with scripted_executor(tmp_path, {"SCRIPT_LOAD": load}) as executor:
        await until(lambda: "load" in journal(tmp_path))
        asked = time.monotonic()
        await executor.close()
        assert time.monotonic() - asked < 30.0
        assert executor.status().state == "closed"
        with pytest.raises(ExecutorClosed):
            await executor.start()
