"""How much may wait for the engine, and how long."""

from typing import Annotated

from msgspec import Meta, Struct


class QueueLimits(Struct, frozen=True, kw_only=True):
    """The settings of the queue between the two processes.

    A piece of text that has not begun after `request_deadline_s` is given up. The engine's process
    is replaced when nothing was heard of it for `heartbeat_timeout_s` (heartbeats come once a
    second), and when one step takes longer than `step_timeout_s`.
    """

    max_jobs: Annotated[int, Meta(ge=1, le=100_000), "TIMBRE_QUEUE_MAX_JOBS"] = 256
    request_deadline_s: Annotated[float, Meta(gt=0, le=3600), "TIMBRE_REQUEST_DEADLINE_S"] = 60.0
    step_timeout_s: Annotated[float, Meta(ge=1, le=3600), "TIMBRE_STEP_TIMEOUT_S"] = 120.0
    heartbeat_timeout_s: float = 15.0
