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
encode = msgspec.msgpack.Encoder().encode

Framed = TypeVar("Framed")


class FrameError(Exception):
    """The stream is not made of frames, or a message does not fit into one."""


def frame(message: msgspec.Struct) -> bytes:
    """The bytes of one message. Raises `FrameError` if they exceed `MAX_FRAME_BYTES`."""
    return pack(encode(message))


def pack(body: bytes) -> bytes:
    """`body` behind its length. Raises as `frame` does."""
    if len(body) > MAX_FRAME_BYTES:
        raise FrameError(f"a message of {len(body)} bytes exceeds {MAX_FRAME_BYTES}")
    return _HEADER.pack(len(body)) + body


class Decodes(Protocol):
    """Makes a message of a frame's body, as msgspec's decoders do."""

    def decode(self, body: bytes, /) -> Any:
        """Raises `msgspec.MsgspecError` where it is none."""


class FrameDecoder(Generic[Framed]):
    """Cuts one direction of the pipe into messages, however its bytes arrive.

    `max_bytes` is the largest body that is accepted; it may be set at any time.
    """

    def __init__(self, decoder: Decodes, max_bytes: int = MAX_FRAME_BYTES) -> None:
        self._decode = decoder.decode
        self.max_bytes = max_bytes
        self._received = bytearray()

    def feed(self, data: bytes) -> Iterator[Framed]:
        """Yield the messages that `data` completes.

        To be exhausted before the next call. Raises `FrameError` after the last good message; the
        stream is then lost for good.
        """
        self._received += data
        while len(self._received) >= _HEADER.size:
            (size,) = _HEADER.unpack_from(self._received)
            if size > self.max_bytes:
                raise FrameError(f"a frame of {size} bytes exceeds {self.max_bytes}")
            end = _HEADER.size + size
            if len(self._received) < end:
                return
            body = bytes(memoryview(self._received)[_HEADER.size : end])
            del self._received[:end]
            try:
                message = self._decode(body)
            except msgspec.MsgspecError:
                raise FrameError(f"a frame of {size} bytes holds no known message") from None
            yield message

    def end(self) -> None:
        """Note that the stream has ended. Raises `FrameError` if that was inside a frame."""
        if self._received:
            raise FrameError(f"the stream ended {len(self._received)} bytes into a frame")


def commands() -> FrameDecoder[Command]:
    return FrameDecoder(msgspec.msgpack.Decoder(Command))


def reports() -> FrameDecoder[WorkerReport]:
    return FrameDecoder(msgspec.msgpack.Decoder(WorkerReport))
