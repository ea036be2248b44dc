"""Background tasks are kept, told of and ended; locks are of one key each."""

import asyncio
import gc
import logging

import pytest

from bot.base.locks import KeyedLocks
from bot.base.tasks import TaskSet


async def _fail() -> None:
    raise ValueError("no reason")


async def test_a_task_is_kept_while_it_works_and_no_longer() -> None:
    tasks, go_on = TaskSet(), asyncio.Event()
    task = tasks.spawn(go_on.wait(), name="waiting")
    gc.collect()
    assert tasks
    go_on.set()
    await tasks.wait()
    assert task.done()
    await asyncio.sleep(0)
    assert not tasks


async def test_a_failure_is_logged_once_and_fails_nobody_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tasks = TaskSet()
    tasks.spawn(_fail(), name="failing")
    tasks.add(awaited := asyncio.create_task(_fail()))
    await tasks.wait()
    with pytest.raises(ValueError, match="no reason"):
        await awaited
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert record.__dict__["task"] == "failing"


async def test_cancelling_waits_for_the_end_and_spares_who_asks() -> None:
    tasks, ended = TaskSet(), []

    async def slow_to_end() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            ended.append(True)

    tasks.spawn(slow_to_end(), name="slow")
    await asyncio.sleep(0)
    await tasks.spawn(tasks.cancel(), name="cancelling")
    assert ended


async def test_waiting_ends_with_its_patience() -> None:
    tasks = TaskSet()
    tasks.spawn(asyncio.sleep(60), name="waiting")
    await tasks.wait(timeout_s=0.01)
    assert tasks
    await tasks.cancel()


async def test_a_lock_is_of_its_key_alone_and_is_forgotten() -> None:
    locks = KeyedLocks[str]()
    async with locks.of("one"), locks.of("other"):
        assert locks.of("one").locked()
    assert not locks._locks
