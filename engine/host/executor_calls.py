"""What crosses the socket between a `SharedExecutor` and its `ExecutorServer`.

One msgpack struct a frame (`engine.framing`). A bot process asks the one that has the
workers, by a number that it chooses; the answer has the same number.
"""

import msgspec

from engine.executor import ExecutorStatus
from engine.messages import Failed, Spoken
from engine.speech import EngineInfo, SpeechRequest


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    """Speak this; answered by `Spoken` or `Failed`."""

    call: int
    request: SpeechRequest


class AskWhich(msgspec.Struct, frozen=True, tag="which"):
    """Wait for an engine; answered by `Which` or `Failed`."""

    call: int


class AskToForget(msgspec.Struct, frozen=True, tag="forget"):
    """Have what was derived from a clip removed; answered by `Done` when all of it is."""

    call: int
    identity: str


class GiveUp(msgspec.Struct, frozen=True, tag="give up"):
    """Nobody waits for the answer any more; there is none."""

    call: int


class Hurry(msgspec.Struct, frozen=True, tag="hurry"):
    """As `Executor.promote`. There is no answer."""

    request: SpeechRequest


class Which(msgspec.Struct, frozen=True, tag="engine"):
    """The loaded engine."""

    call: int
    info: EngineInfo


class Done(msgspec.Struct, frozen=True, tag="done"):
    """It was done."""

    call: int


class StatusTold(msgspec.Struct, frozen=True, tag="status"):
    """How things stand, told unasked. It comes before the answers that were given since it is so.

    `enrolments` counts the clips that were analysed since the start.
    """

    status: ExecutorStatus
    enrolments: int


Call = Ask | AskWhich | AskToForget | GiveUp | Hurry
Reply = Spoken | Failed | Which | Done | StatusTold
