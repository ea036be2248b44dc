"""A `LocalExecutor` over the scripted worker, for tests."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np

from engine.host.limits import QueueLimits
from engine.host.local import LocalExecutor
from engine.host.restarts import RestartPolicy
from engine.messages import EngineConfig
from engine.speech import EngineInfo, Speech, SpeechRequest
from tests.engine import scripted_worker

COMMAND = (sys.executable, scripted_worker.__file__)
QUICK = RestartPolicy(first_pause_s=0.02, pause_max_s=0.1, unavailable_pause_s=0.3)


@asynccontextmanager
async def scripted_executor(
    home: Path,
    variables: Mapping[str, str] | None = None,
    *,
    kind: type[LocalExecutor] = LocalExecutor,
    **options: Any,
) -> AsyncGenerator[LocalExecutor, None]:
    """Started, and closed at the end. `variables` are the worker's script."""
    executor = kind(
        EngineConfig(engine="stock", home=str(home)),
        **{
            "limits": QueueLimits(heartbeat_timeout_s=5.0, step_timeout_s=30.0),
            "on_enrolled": lambda _: None,
            "command": COMMAND,
            "environment": {**os.environ, **(variables or {})},
            "restarts": QUICK,
            "chance": lambda: 0.5,
            **options,
        },
    )
    await executor.start()
    try:
        yield executor
    finally:
        await executor.close()


@asynccontextmanager
async def ready_executor(*arguments: Any, **options: Any) -> AsyncGenerator[LocalExecutor, None]:
    """A `scripted_executor` whose worker is loaded."""
    async with scripted_executor(*arguments, **options) as executor:
        await executor.engine_info()
        yield executor


class StartedWhenAsked(LocalExecutor):
    """Has no worker before somebody wants one: half of the tests that have an engine never do."""

    _begun = False

    async def start(self) -> None:
        """Nothing yet."""

    async def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            await super().start()

    async def engine_info(self) -> EngineInfo:
        await self._begin()
        return await super().engine_info()

    async def synthesise(self, request: SpeechRequest) -> Speech:
        await self._begin()
        return await super().synthesise(request)

    async def forget(self, identity: str) -> None:
        await self._begin()
        await super().forget(identity)


def ask(text: str, **more: Any) -> SpeechRequest:
    """A request for `text`."""
    return SpeechRequest(text=text, **more)


def is_speech_of(speech: object, text: str) -> bool:
    """Whether `speech` is, sample for sample, what the scripted worker makes of `text`."""
    return isinstance(speech, Speech) and np.array_equal(speech.pcm, scripted_worker.tone(text))


def journal(home: Path, *verbs: str) -> list[str]:
    """What the worker has done so far; with `verbs` only those lines, without the verb."""
    path = home / "journal"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    if not verbs:
        return lines
    return [line.split(" ", 1)[1] for line in lines if line.split(" ", 1)[0] in verbs]


async def until(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    """Wait for a condition to hold. Raises `AssertionError` where it never does."""
    give_up = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up, "it never came to that"
        await asyncio.sleep(0.01)
