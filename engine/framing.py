"""Messages as bytes: a big-endian uint32 length, then that much msgpack.

Used by all processes, so it must never import torch. Error messages never quote the bytes: they
may hold what a member wrote.
"""

import struct
from collections.abc import Iterator
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from engine.messages import Command, WorkerReport

#: The largest message either side accepts: 3 minutes of 48 kHz float32 sound. Any text that strays
#: into the stream reads as a length of 150 MiB or more, so it is told from a frame at once.
MAX_FRAME_BYTES = 32 * 2**20

_HEADER = struct.Struct(">I")
_encoder = msgspec.msgpack.Encoder()
encode = _encoder.encode

Framed = TypeVar("Framed")


class FrameError(Exception):
    """The stream is not made of frames, or a message does not fit into one."""


def frame(message: msgspec.Struct) -> bytearray:
    """The bytes of one message. Raises `FrameError` if they exceed `MAX_FRAME_BYTES`."""
    framed = bytearray(_HEADER.size)
    _encoder.encode_into(message, framed, _HEADER.size)  # of sound, each copy would be felt
    _HEADER.pack_into(framed, 0, _fitting(len(framed) - _HEADER.size))
    return framed


def pack(body: bytes) -> bytes:
    """`body` behind its length. Raises as `frame` does."""
    return _HEADER.pack(_fitting(len(body))) + body


def _fitting(size: int) -> int:
    if size > MAX_FRAME_BYTES:
        raise FrameError(f"a message of {size} bytes exceeds {MAX_FRAME_BYTES}")
    return size


class Decodes(Protocol):
    """Makes a message of a frame's body, as msgspec's decoders do."""

    def decode(self, body: bytes | memoryview, /) -> Any:
        """Raises `msgspec.MsgspecError` where it is none."""


class FrameDecoder(Generic[Framed]):
    """Cuts one direction of the pipe into messages, however its bytes arrive.

    `max_bytes` is the largest body that is accepted; it may be set at any time.
    """

    def __init__(self, decoder: Decodes, max_bytes: int = MAX_FRAME_BYTES) -> None:
        self._decode = decoder.decode
        self.max_bytes = max_bytes
        self._received = bytearray()
        self._lost = ""  # why

    def feed(self, data: bytes) -> Iterator[Framed]:
        """Yield the messages that `data` completes.

        To be exhausted before the next call. Raises `FrameError` after the last good message; the
        stream is then lost for good.
        """
        if self._lost:
            raise FrameError(self._lost)
        if not self._received and self._end_of_frame(data) == len(data):
            yield self._message(memoryview(data)[_HEADER.size :])  # as most come, and no copy
            return
        self._received += data
        while (end := self._end_of_frame(self._received)) is not None:
            body = bytes(memoryview(self._received)[_HEADER.size : end])
            del self._received[:end]
            yield self._message(body)

    def _end_of_frame(self, data: bytes | bytearray) -> int | None:
        """Where the first frame of `data` ends; None if not within it."""
        if len(data) < _HEADER.size:
            return None
        (size,) = _HEADER.unpack_from(data)
        if size > self.max_bytes:
            raise self._lose(f"a frame of {size} bytes exceeds {self.max_bytes}")
        end: int = _HEADER.size + size
        return end if end <= len(data) else None

    def _message(self, body: bytes | memoryview) -> Framed:
        try:
            message: Framed = self._decode(body)
        except msgspec.MsgspecError:
            raise self._lose(f"a frame of {len(body)} bytes holds no known message") from None
        return message

    def _lose(self, why: str) -> FrameError:
        self._lost = why
        return FrameError(why)

    def end(self) -> None:
        """Note that the stream has ended. Raises `FrameError` if that was inside a frame."""
        if self._lost:
            raise FrameError(self._lost)
        if self._received:
            raise FrameError(f"the stream ended {len(self._received)} bytes into a frame")


def commands() -> FrameDecoder[Command]:
    return FrameDecoder(msgspec.msgpack.Decoder(Command))


def reports() -> FrameDecoder[WorkerReport]:
    return FrameDecoder(msgspec.msgpack.Decoder(WorkerReport))
