"""The executor of a bot process that has no workers: it asks an `engine.host.executor_server`."""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import TypeVar

import msgspec

from engine.errors import BY_KIND, ExecutorClosed, SpeechError, SynthesisFailed, WorkerUnavailable
from engine.executor import ExecutorStatus
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
from engine.speech import EngineInfo, Speech, SpeechRequest

_READ_BYTES = 2**16

Answered = TypeVar("Answered", Spoken, Which, Done)

log = logging.getLogger(__name__)


class SharedExecutor:
    """An `engine.executor.Executor` at the other end of `connection`.

    `on_enrolments` is called with how many clips were analysed since the start, `on_lost` when the
    other process is gone: nothing can be spoken any more.
    """

    def __init__(
        self,
        connection: socket.socket,
        *,
        on_enrolments: Callable[[int], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._on_enrolments = on_enrolments
        self._on_lost = on_lost
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._calls = 0
        self._waiting: dict[int, asyncio.Future[Spoken | Which | Done]] = {}
        self._down: SpeechError | None = None
        self._status = ExecutorStatus(
            state="starting",
            detail="The speech engine is starting.",
            engine=None,
            queued=0,
            running=0,
            restarts=0,
        )

    async def start(self) -> None:
        reader, self._writer = await asyncio.open_connection(sock=self._connection)
        self._reading = asyncio.create_task(self._read(reader), name="replies")

    async def engine_info(self) -> EngineInfo:
        """As it is known; the other process is asked where it has none."""
        if self._down is None and self._status.engine is not None:
            return self._status.engine
        number, answer = self._call()
        return (await self._answered(AskWhich(number), number, answer, Which)).info

    async def synthesise(self, request: SpeechRequest) -> Speech:
        number, answer = self._call()
        return (await self._answered(Ask(number, request), number, answer, Spoken)).speech

    def promote(self, request: SpeechRequest) -> None:
        self._send(Hurry(request))

    async def forget(self, identity: str) -> None:
        number, answer = self._call()
        await self._answered(AskToForget(number, identity), number, answer, Done)

    def status(self) -> ExecutorStatus:
        return self._status

    async def close(self) -> None:
        """Fail what is waiting with `ExecutorClosed`. The workers go on for others."""
        self._end("closed", ExecutorClosed("Timbre is shutting down."))
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})
        if self._writer is not None:
            self._writer.close()

    def _call(self) -> "tuple[int, asyncio.Future[Spoken | Which | Done]]":
        if self._down is not None:
            raise self._down
        self._calls += 1
        answer = asyncio.get_running_loop().create_future()
        self._waiting[self._calls] = answer
        return self._calls, answer

    async def _answered(
        self,
        call: Call,
        number: int,
        answer: "asyncio.Future[Spoken | Which | Done]",
        kind: type[Answered],
    ) -> Answered:
        try:
            self._send(call)
            reply = await answer
        finally:
            del self._waiting[number]
            if answer.cancelled():  # with the task that waited for it
                self._send(GiveUp(number))
        if not isinstance(reply, kind):
            raise SynthesisFailed("The speech engine gave an answer to something else.")
        return reply

    def _send(self, call: Call) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(frame(call))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        decoder: FrameDecoder[Reply] = FrameDecoder(msgspec.msgpack.Decoder(Reply))
        try:
            while data := await reader.read(_READ_BYTES):
                for reply in decoder.feed(data):
                    self._take(reply)
        except (ConnectionError, FrameError) as error:
            log.warning("the process with the workers was lost", extra={"reason": str(error)})
        self._end("unavailable", WorkerUnavailable("The speech engine was lost."))
        self._on_lost()

    def _take(self, reply: Reply) -> None:
        match reply:
            case StatusTold():
                self._status = reply.status
                self._on_enrolments(reply.enrolments)
            case Failed():
                if answer := self._of(reply.job_id):
                    answer.set_exception(BY_KIND.get(reply.kind, SynthesisFailed)(reply.message))
            case Spoken():
                if answer := self._of(reply.job_id):
                    answer.set_result(reply)
            case Which() | Done():
                if answer := self._of(reply.call):
                    answer.set_result(reply)

    def _of(self, number: int) -> "asyncio.Future[Spoken | Which | Done] | None":
        answer = self._waiting.get(number)
        return answer if answer is not None and not answer.done() else None

    def _end(self, state: str, error: SpeechError) -> None:
        if self._down is None:
            self._down = error
            self._status = msgspec.structs.replace(self._status, state=state, detail=str(error))
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(self._down)
