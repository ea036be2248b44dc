"""Waiting for the engine, which may take minutes to load."""

import asyncio
from collections.abc import Callable

from engine.errors import DeadlineExceeded
from engine.executor import Executor
from engine.speech import EngineInfo


class Readiness:
    """Waits for an engine, `deadline_s` at most. `clock` is in seconds."""

    def __init__(
        self, executor: Executor, *, deadline_s: float, clock: Callable[[], float]
    ) -> None:
        self._executor = executor
        self._deadline_s = deadline_s
        self._clock = clock
        self._waiting_since: float | None = None

    async def engine(self) -> EngineInfo:
        """The loaded engine. Raises `SpeechError`.

        Of several that wait none waits longer than the first, or they would one after the other.
        """
        if self._waiting_since is None:
            self._waiting_since = self._clock()
        left_s = self._waiting_since + self._deadline_s - self._clock()
        try:
            async with asyncio.timeout(max(0.0, left_s)):
                engine = await self._executor.engine_info()
        except TimeoutError:
            raise DeadlineExceeded(
                "The speech engine is not ready yet. {detail}",
                detail=self._executor.status().detail,
            ) from None
        self._waiting_since = None
        return engine
