"""Workers that are killed, stopped, starved or mad: what was asked for is spoken, once, or told."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from engine.errors import DeadlineExceeded, OutOfMemory, SpeechError, WorkerDied
from engine.host.limits import QueueLimits
from engine.speech import Speech
from tests.engine.scripted_executor import (
    ask,
    is_speech_of,
    journal,
    ready_executor,
    scripted_executor,
    until,
)

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
linux = pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS and /proc are Linux's")


@posix
async def test_an_utterance_survives_the_kill_of_its_worker(tmp_path: Path) -> None:
    """Spoken once, complete, and counted as one restart; what waits keeps its place behind it."""
    async with scripted_executor(tmp_path) as executor:
        info = await executor.engine_info()
        texts = ["slow 0.3 a", "b", "c"]
        tasks = [asyncio.create_task(executor.synthesise(ask(text))) for text in texts]
        await until(lambda: journal(tmp_path, "begin"))
        os.kill(executor.worker_pid, signal.SIGKILL)
        await until(lambda: executor.status().state == "restarting")
        assert executor.status().queued == 3
        assert await executor.engine_info() == info  # so that cached speech need not wait
        for text, task in zip(texts, tasks, strict=True):
            assert is_speech_of(await task, text)
        status = executor.status()
        assert (status.state, status.restarts) == ("ready", 1)
    assert journal(tmp_path, "spoke") == texts


async def test_a_job_that_kills_its_worker_twice_is_reported_and_takes_no_other_with_it(
    tmp_path: Path,
) -> None:
    async with ready_executor(tmp_path, {"SCRIPT_STREAMS": "4"}) as executor:
        texts = ["slow 0.3 a", "die", "slow 0.3 b", "slow 0.3 c", "d"]
        answers = await asyncio.gather(
            *(executor.synthesise(ask(text, guild_id=n)) for n, text in enumerate(texts)),
            return_exceptions=True,
        )
        assert isinstance(answers[1], WorkerDied)
        assert "twice" in str(answers[1])
        for text, answer in zip(texts, answers, strict=True):
            assert text == "die" or is_speech_of(answer, text)
        assert executor.status().restarts == 2


async def test_a_thousand_requests_are_each_answered_once_by_a_worker_that_keeps_dying(
    tmp_path: Path,
) -> None:
    """Every hundredth kills the worker the first time, with others in its hands."""
    texts = [f"{'die-once' if n % 100 == 50 else 'say'} {n}" for n in range(1000)]
    async with ready_executor(
        tmp_path, {"SCRIPT_STREAMS": "8"}, limits=QueueLimits(max_jobs=1000)
    ) as executor:
        answered = Counter()

        async def one(number: int, text: str) -> Speech:
            speech = await executor.synthesise(ask(text, guild_id=number % 7, user_id=number % 31))
            answered[text] += 1
            return speech

        speeches = await asyncio.gather(*(one(n, text) for n, text in enumerate(texts)))
        assert all(is_speech_of(s, text) for s, text in zip(speeches, texts, strict=True))
        assert answered == Counter(texts)
        assert executor.status().restarts == 10
        assert (executor.status().queued, executor.status().running) == (0, 0)
    spoken = Counter(journal(tmp_path, "spoke"))
    assert set(spoken) == set(texts)
    # Work is repeated only if it was held by a worker that died: at most 7 beside the culprit.
    assert sum(spoken.values()) <= 1000 + 10 * 7


@posix
async def test_a_stopped_worker_is_noticed_by_its_missing_heartbeat(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with ready_executor(tmp_path, limits=QueueLimits(heartbeat_timeout_s=2.0)) as executor:
        pid = executor.worker_pid
        running = asyncio.create_task(executor.synthesise(ask("slow 0.4")))
        await until(lambda: journal(tmp_path, "begin"))
        os.kill(pid, signal.SIGSTOP)
        assert is_speech_of(await asyncio.wait_for(running, 60), "slow 0.4")
        assert executor.status().restarts == 1
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert "not heard of for 2 s" in caplog.text


@pytest.mark.parametrize(
    ("limits", "patience"),
    [
        (QueueLimits(heartbeat_timeout_s=3.0), "1"),
        (QueueLimits(step_timeout_s=0.2), "20"),  # asked for, as on a CPU
    ],
)
async def test_a_slow_worker_with_a_heartbeat_is_left_in_peace(
    tmp_path: Path, limits: QueueLimits, patience: str
) -> None:
    async with scripted_executor(
        tmp_path, {"SCRIPT_PATIENCE": patience}, limits=limits
    ) as executor:
        assert is_speech_of(await executor.synthesise(ask("deaf 4")), "deaf 4")
        assert executor.status().restarts == 0


async def test_a_loop_that_was_held_up_does_not_blame_the_worker(tmp_path: Path) -> None:
    """As after the machine slept: what could not be heard was not missing."""
    async with ready_executor(tmp_path, limits=QueueLimits(heartbeat_timeout_s=2.0)) as executor:
        time.sleep(2.6)  # noqa: ASYNC251 - the fault under test
        assert is_speech_of(await executor.synthesise(ask("hello")), "hello")
        assert executor.status().restarts == 0


@pytest.mark.parametrize(("text", "load"), [("device-fault-once", ""), ("hello", "die-once")])
async def test_what_is_lost_once_is_spoken_by_the_next_worker(
    tmp_path: Path, text: str, load: str
) -> None:
    """After a fault of the device, with which the text has nothing to do, or while loading."""
    async with scripted_executor(tmp_path, {"SCRIPT_LOAD": load}) as executor:
        assert is_speech_of(await executor.synthesise(ask(text)), text)
        assert executor.status().restarts == 1


@pytest.mark.parametrize(
    ("text", "error"),
    [
        *((text, WorkerDied) for text in ("garbage", "exit 0")),
        *(
            pytest.param(text, WorkerDied, marks=pytest.mark.slow)
            for text in ("oversize", "half-frame")
        ),
        ("deaf 60", WorkerDied),  # although its heart beats
        pytest.param("memory", OutOfMemory, marks=linux),  # its address space is really limited
    ],
)
async def test_what_costs_two_workers_is_told_and_a_third_one_speaks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, error: type[SpeechError]
) -> None:
    limit_s = 2.0 if text == "deaf 60" else 60.0  # a busy machine's steps take a while
    async with ready_executor(tmp_path, limits=QueueLimits(step_timeout_s=limit_s)) as executor:
        with pytest.raises(error, match=r"twice|memory"):
            await asyncio.wait_for(executor.synthesise(ask(text)), 60)
        assert is_speech_of(await executor.synthesise(ask("next")), "next")
        assert executor.status().restarts == 2
    assert journal(tmp_path, "begin") == [text, text, "next"]
    assert ("one step took more than 2 s" in caplog.text) == (text == "deaf 60")


@pytest.mark.parametrize("text", ["exhaust", "too-much"])
async def test_memory_may_also_run_out_in_a_step_of_many_jobs(tmp_path: Path, text: str) -> None:
    async with ready_executor(tmp_path, {"SCRIPT_STREAMS": "4"}) as executor:
        victim, neighbour = await asyncio.gather(
            executor.synthesise(ask(text)),
            executor.synthesise(ask("slow 0.3")),
            return_exceptions=True,
        )
        assert isinstance(victim, OutOfMemory)
        assert is_speech_of(neighbour, "slow 0.3")


async def test_a_deadline_is_kept_while_no_worker_is_ready(tmp_path: Path) -> None:
    async with scripted_executor(tmp_path, {"SCRIPT_LOAD": "slow 100"}) as executor:
        with pytest.raises(DeadlineExceeded):
            await asyncio.wait_for(executor.synthesise(ask("hello", deadline_s=0.2)), 50)


@posix
async def test_the_whole_group_of_a_hung_worker_is_killed(tmp_path: Path) -> None:
    starts_a_child = (
        "import subprocess, sys, time; "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid)); time.sleep(60)"
    )
    async with scripted_executor(
        tmp_path, command=(sys.executable, "-c", starts_a_child)
    ) as executor:
        await until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        await executor.close()
    child = int((tmp_path / "pid").read_text())
    await until(lambda: not _runs(child))


@posix
async def test_a_stopped_worker_does_not_hold_up_the_end(tmp_path: Path) -> None:
    async with ready_executor(tmp_path) as executor:
        pid = executor.worker_pid
        os.kill(pid, signal.SIGSTOP)
        asked = time.monotonic()
        await executor.close()
        assert time.monotonic() - asked < 30.0, "it would stand still for ever"
        assert not _runs(pid)


@posix
async def test_a_terminals_interrupt_does_not_reach_the_worker(tmp_path: Path) -> None:
    async with ready_executor(tmp_path) as executor:
        assert os.getpgid(executor.worker_pid) != os.getpgid(0)


@posix
def test_a_worker_outlives_its_parent_by_no_more_than_its_grace(tmp_path: Path) -> None:
    """The parent is really killed, in the middle of a step that listens to nobody."""
    parent = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from tests.engine.scripted_executor import ask, scripted_executor\n"
        "async def main():\n"
        "    async with scripted_executor(Path(sys.argv[1])) as executor:\n"
        "        await executor.engine_info()\n"
        "        print(executor.worker_pid, flush=True)\n"
        "        await executor.synthesise(ask('deaf 60'))\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", parent, tmp_path], stdout=subprocess.PIPE, cwd=root, text=True
    ) as process:
        worker = int(process.stdout.readline())
        asyncio.run(until(lambda: journal(tmp_path, "begin")))
        assert _runs(worker)
        process.kill()
    asyncio.run(until(lambda: not _runs(worker)))


def _runs(pid: int) -> bool:
    """Whether a process exists and is not just waiting to be reaped by somebody else."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_a_worker_that_is_loading_forgets_before_it_takes_a_job(tmp_path: Path) -> None:
    """It may have read voices already. Nobody has to wait for it."""
    async with scripted_executor(tmp_path, {"SCRIPT_LOAD": "held"}) as executor:
        await until(lambda: journal(tmp_path) == ["load"])
        await asyncio.wait_for(executor.forget("a" * 64), 30)
        (tmp_path / "released").touch()
        await executor.synthesise(ask("hello"))
    assert [line.split()[0] for line in journal(tmp_path)][:3] == ["load", "forgot", "begin"]


@posix
async def test_forgetting_ends_with_the_worker_that_should_forget(tmp_path: Path) -> None:
    """A lost worker has nothing in memory; one that is gone or loading is not waited for."""
    async with scripted_executor(tmp_path) as executor:
        await executor.forget("a" * 64)
        await executor.engine_info()
        await asyncio.wait_for(executor.forget("b" * 64), 60)
        assert "b" * 64 in journal(tmp_path, "forgot")
        at_work = asyncio.create_task(executor.synthesise(ask("deaf 200")))
        await until(lambda: journal(tmp_path, "begin"))
        forgetting = asyncio.create_task(executor.forget("c" * 64))
        await asyncio.sleep(0.1)
        assert not forgetting.done()
        os.kill(executor.worker_pid, signal.SIGKILL)
        await asyncio.wait_for(forgetting, 60)
        at_work.cancel()
