"""A piece of work, and the callers who wait for it. What becomes of them is `Backlog`'s."""

import asyncio
from dataclasses import dataclass, field

from engine.host.fair_queue import Lane
from engine.messages import Speak
from engine.speech import Speech


@dataclass(eq=False, slots=True)
class Waiter:
    """One caller of `synthesise`. Waits in the queue in its own lane until its job starts."""

    job: "Job"
    lane: Lane
    answer: asyncio.Future[Speech]
    deadline: asyncio.TimerHandle | None = None


@dataclass(eq=False, slots=True)
class Job:
    """One piece of work, for everybody who asked for the same audio."""

    key: str
    speak: Speak
    waiters: list[Waiter] = field(default_factory=list)
    attempts: int = 0
    worker: int = 0  # which one has it, or had it last
