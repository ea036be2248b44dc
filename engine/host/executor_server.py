"""One executor for several bot processes: each asks over a socket of its own.

Queue, fairness and equal requests are then of all processes together, and a model is loaded once.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable

import msgspec

from engine.errors import SpeechError, SynthesisFailed
from engine.executor import Executor
from engine.framing import FrameDecoder, FrameError, frame
from engine.host.executor_calls import (
    Ask,
    AskToForget,
    AskWhich,
    Call,
    Done,
    GiveUp,
    Hurry,
    Reply,
    StatusTold,
    Which,
)
from engine.messages import Failed, Spoken

_READ_BYTES = 2**16
#: How often a process is told how things stand, where that has changed.
_TELL_EVERY_S = 0.25

log = logging.getLogger(__name__)


class ExecutorServer:
    """Serves `executor`, which is somebody else's to start and to close.

    `recorded` waits until all enrolments that were reported are in the database, and `enrolments`
    counts them.
    """

    def __init__(
        self,
        executor: Executor,
        recorded: Callable[[], Awaitable[None]],
        enrolments: Callable[[], int],
    ) -> None:
        self._executor = executor
        self._recorded = recorded
        self._enrolments = enrolments

    async def serve(self, connection: socket.socket) -> None:
        """Answer one bot process until it ends, and give up then what it had asked for."""
        reader, writer = await asyncio.open_connection(sock=connection)
        served = _Served(self._executor, self._recorded, self._enrolments, writer)
        try:
            await served.answer(reader)
        except (ConnectionError, FrameError) as error:
            log.warning("a bot process was lost", extra={"reason": str(error)})
        finally:
            await served.close()


class _Served:
    """One bot process."""

    def __init__(
        self,
        executor: Executor,
        recorded: Callable[[], Awaitable[None]],
        enrolments: Callable[[], int],
        writer: asyncio.StreamWriter,
    ) -> None:
        self._executor = executor
        self._recorded = recorded
        self._enrolments = enrolments
        self._writer = writer
        self._told: StatusTold | None = None
        self._answering: dict[int, asyncio.Task[None]] = {}

    async def answer(self, reader: asyncio.StreamReader) -> None:
        decoder: FrameDecoder[Call] = FrameDecoder(msgspec.msgpack.Decoder(Call))
        telling = asyncio.create_task(self._tell_for_ever(), name="standing")
        try:
            while data := await reader.read(_READ_BYTES):
                for call in decoder.feed(data):
                    self._take(call)
        finally:
            telling.cancel()

    def _take(self, call: Call) -> None:
        match call:
            case GiveUp():
                if task := self._answering.get(call.call):
                    task.cancel()
            case Hurry():
                self._executor.promote(call.request)
            case _:
                task = asyncio.create_task(self._answer(call), name="call")
                self._answering[call.call] = task
                task.add_done_callback(lambda _: self._answering.pop(call.call, None))

    async def _answer(self, call: Ask | AskWhich | AskToForget) -> None:
        try:
            reply = await self._made(call)
        except SpeechError as error:
            reply = Failed(call.call, error.kind, str(error))
        self._tell()
        try:
            self._send(reply)
        except FrameError as error:
            self._send(Failed(call.call, SynthesisFailed.kind, f"That became too long: {error}."))

    async def _made(self, call: Ask | AskWhich | AskToForget) -> Reply:
        match call:
            case Ask():
                return Spoken.of(call.call, await self._executor.synthesise(call.request))
            case AskWhich():
                return Which(call.call, await self._executor.engine_info())
            case AskToForget():
                await self._executor.forget(call.identity)
                await self._recorded()
                return Done(call.call)

    async def _tell_for_ever(self) -> None:
        while True:
            self._tell()
            await asyncio.sleep(_TELL_EVERY_S)

    def _tell(self) -> None:
        standing = StatusTold(self._executor.status(), self._enrolments())
        if standing != self._told:
            self._told = standing
            self._send(standing)

    def _send(self, reply: Reply) -> None:
        if not self._writer.is_closing():
            self._writer.write(frame(reply))

    async def close(self) -> None:
        tasks = list(self._answering.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._writer.close()
