"""Where exceptions inside the loopback Discord are collected, so that none is lost.

A test that ends well although the server failed would prove nothing: `LoopbackDiscord` raises what
was collected when it is left.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any


class LoopbackFailure(Exception):
    """Something the loopback Discord cannot do, or a bot did that Discord has no answer to."""


class Failures:
    """The exceptions so far, and the tasks in which more may come."""

    def __init__(self) -> None:
        self.seen: list[Exception] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, error: Exception) -> None:
        self.seen.append(error)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run `work` as a task whose exception is collected."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        match task.exception():
            case None:
                return
            case Exception() as error:
                self.add(error)
            case other:
                self.add(LoopbackFailure(f"{task.get_name()} ended with {other!r}"))

    async def stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def raise_all(self, cause: BaseException | None) -> None:
        """Raise what was collected; if `cause` is already on its way, tell it instead."""
        if not self.seen:
            return
        if cause is None:
            raise ExceptionGroup("the loopback Discord failed", self.seen)
        for error in self.seen:
            cause.add_note(f"also, inside the loopback Discord: {error!r}")
