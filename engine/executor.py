"""What the Discord process sees of speech synthesis, whichever way it is carried out."""

from typing import Protocol

import msgspec

from engine.speech import EngineInfo, Priority, Speech, SpeechRequest


class WorkerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One worker of several; `streams` is how many jobs it takes at once, 0 until it is ready.

    The rest is as in `ExecutorStatus`. `name` says where it runs: a device, or a machine's.
    """

    name: str
    state: str
    detail: str
    running: int
    streams: int
    resident_bytes: int
    gpu_bytes: int


class ExecutorStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot for `/status` and logs.

    `state` is one word: "starting", "ready", "restarting", "unavailable" or "closed"; `detail` a
    sentence on it (what is loading, why it is unavailable). `queued` and `running` count jobs,
    `waiting` by class whoever waits for one that was not begun yet; `restarts` counts workers that
    were replaced since the bot started. `resident_bytes` and `gpu_bytes` are what the present
    workers hold of the memory of their machines and GPUs, 0 where that is not known. Speech is
    "ready" as soon as one of `workers` is.
    """

    state: str
    detail: str
    engine: EngineInfo | None
    queued: int
    running: int
    restarts: int
    waiting: dict[Priority, int] = {}
    resident_bytes: int = 0
    gpu_bytes: int = 0
    workers: tuple[WorkerStatus, ...] = ()


class Executor(Protocol):
    """Turns requests into speech somewhere else. All methods belong to one event loop."""

    async def start(self) -> None:
        """Begin loading and return at once; `engine_info` waits for it."""

    async def engine_info(self) -> EngineInfo:
        """The loaded engine; waits while one is loading.

        Raises `WorkerUnavailable` when none can be loaded.
        """

    async def synthesise(self, request: SpeechRequest) -> Speech:
        """Speak one request.

        Cancelling the awaiting task gives the request up; work that nobody waits for any more is
        cancelled in the worker. Raises a `SpeechError`; a full queue is refused at once.
        """

    def promote(self, request: SpeechRequest) -> None:
        """Serve the same member's equal request at this one's priority, if it waits at a lower one.

        What is not in the queue, or not any more, stays as it is.
        """

    async def forget(self, identity: str) -> None:
        """Have everything derived from a clip removed, and wait until it is.

        Whatever was enrolled of it has been reported by then. Its jobs are to be given up before.
        """

    def status(self) -> ExecutorStatus:
        """How things stand now."""

    async def close(self) -> None:
        """Fail what is waiting with `ExecutorClosed`, stop the workers, and wait for their end."""
