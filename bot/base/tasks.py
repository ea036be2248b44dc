"""Tasks that work in the background: kept until they are done, since asyncio itself keeps none."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

log = logging.getLogger(__name__)


class TaskSet:
    """The tasks of one owner that are not done yet."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def spawn(self, work: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Begin a task that nothing awaits: its failure is logged."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(_log_failure)
        self.add(task)
        return task

    def add(self, task: asyncio.Task[Any]) -> None:
        """Keep a task of which something else takes the result."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def wait(self, *, timeout_s: float | None = None) -> None:
        """Wait until the tasks that are here now are done, whether they fail or not."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout_s)

    async def cancel(self) -> None:
        """Cancel all tasks but the one that calls this, and wait until they have ended."""
        tasks = self._tasks - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


def _log_failure(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("a task failed", exc_info=error, extra={"task": task.get_name()})
