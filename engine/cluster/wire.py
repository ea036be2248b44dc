"""What crosses between the relay and an actor: frames, in numbered pieces that Ray need not spill.

Frames are msgpack as on a worker's pipes. Nothing but `bytes` is handed to Ray or taken from it:
objects beyond 100 KB would lie in its shared memory, and in time on a disk.
"""

import struct
from collections.abc import Iterator
from typing import Annotated

import msgspec
import numpy as np

from engine import framing
from engine.errors import SynthesisFailed
from engine.messages import (
    Command,
    Enrolled,
    Failed,
    Forgotten,
    Heartbeat,
    Identity,
    Narrowed,
    Progress,
    Ready,
    Sentence,
    Spoken,
    Unable,
)

PIECE_MAX_BYTES = 64 * 2**10
_NUMBER = struct.Struct(">Q")
_FULL_SCALE = 32767.0


class VoiceClip(msgspec.Struct, frozen=True, tag="clip"):
    """A voice's clip, sent ahead of the first `Speak` that needs it."""

    voice_identity: Identity
    content: bytes


class ClipWanted(msgspec.Struct, frozen=True, tag="clip_wanted"):
    """The machine has no clip for a job: it is to be sent again, behind the clip."""

    job_id: int


class Sound(msgspec.Struct, frozen=True, tag="sound"):
    """A `Spoken` whose samples are int16, little endian: half as much to carry."""

    job_id: int
    pcm: bytes
    sample_rate: int
    substitution: Sentence | None
    stage_ms: Annotated[dict[str, float], msgspec.Meta(max_length=100)]

    @classmethod
    def of(cls, spoken: Spoken) -> "Sound":
        samples = np.frombuffer(spoken.pcm, "<f4") * np.float32(_FULL_SCALE)
        loud = np.clip(np.rint(samples), -_FULL_SCALE, _FULL_SCALE)
        return cls(
            job_id=spoken.job_id,
            pcm=loud.astype("<i2").tobytes(),
            sample_rate=spoken.sample_rate,
            substitution=spoken.substitution,
            stage_ms=spoken.stage_ms,
        )

    @property
    def spoken(self) -> Spoken:
        """Raises `SynthesisFailed` for half a sample."""
        if len(self.pcm) % 2:
            raise SynthesisFailed("The sound was damaged on its way.")
        samples = np.frombuffer(self.pcm, "<i2").astype("<f4") / np.float32(_FULL_SCALE)
        return Spoken(
            job_id=self.job_id,
            pcm=samples.tobytes(),
            sample_rate=self.sample_rate,
            substitution=self.substitution,
            stage_ms=self.stage_ms,
        )


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """The actor's last word: its engine's process ends with this exit code."""

    code: int


ToActor = Command | VoiceClip
FromActor = (
    Progress
    | Ready
    | Narrowed
    | Unable
    | Heartbeat
    | Failed
    | Enrolled
    | Forgotten
    | Sound
    | ClipWanted
    | Ended
)


def to_actor() -> framing.FrameDecoder[ToActor]:
    return framing.FrameDecoder(msgspec.msgpack.Decoder(ToActor))


def from_actor() -> framing.FrameDecoder[FromActor]:
    return framing.FrameDecoder(msgspec.msgpack.Decoder(FromActor))


class Numbering:
    """Numbers the pieces of one direction."""

    def __init__(self) -> None:
        self._next = 0

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield `data` in numbered pieces."""
        for begin in range(0, len(data), PIECE_MAX_BYTES):
            yield _NUMBER.pack(self._next) + data[begin : begin + PIECE_MAX_BYTES]
            self._next += 1

    def take(self, outgoing: bytearray) -> bytes:
        """Cut the first piece off `outgoing`; empty where nothing is left."""
        if not outgoing:
            return b""
        data = bytes(outgoing[:PIECE_MAX_BYTES])
        del outgoing[:PIECE_MAX_BYTES]
        (piece,) = self.pieces(data)
        return piece


class Ordering:
    """Puts numbered pieces back into their order: calls of an actor may overtake each other."""

    def __init__(self) -> None:
        self._next = 0
        self._early: dict[int, bytes] = {}

    def feed(self, piece: bytes) -> bytes:
        """What can be read now that `piece` is here; an empty piece is none."""
        if len(piece) < _NUMBER.size:
            return b""
        (number,) = _NUMBER.unpack_from(piece)
        self._early[number] = piece[_NUMBER.size :]
        ready = bytearray()
        while (data := self._early.pop(self._next, None)) is not None:
            ready += data
            self._next += 1
        return bytes(ready)
