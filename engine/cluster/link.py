"""The connection between a relay and its actor, which carries everything but the first word.

A frame is a big-endian uint32 length and that much ChaCha20-Poly1305 (RFC 8439) of msgpack. The key
is the actor's, for this connection alone; Ray carries it. A nonce is the sender's side and the
number of the frame: one that was made without the key, altered, left out, repeated or sent back
ends the connection.

Ray's own calls go from thread to thread of its processes: carried by them, a chunk took 3 ms more.
docs/benchmarks/cluster.md has what one call takes.
"""

import asyncio
import logging
import os
import secrets
import struct
from collections.abc import Callable
from typing import Any, Self, cast

import msgspec
from nacl.bindings import (
    crypto_aead_chacha20poly1305_ietf_decrypt,
    crypto_aead_chacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from engine import framing
from engine.cluster.wire import Beat, FromActor, ToActor

FROM_RELAY, FROM_ACTOR = 1, 2
KEY_BYTES = 32
#: How long a port is open. Whoever asked for it connects at once.
OPEN_S = 10.0
#: The largest frame of somebody who has not proved yet to have the key: a `Beat` takes less.
_FIRST_MAX_BYTES = 64
#: So many may be connected without proof. The oldest of more is dropped: who has the key is quick.
_GUESTS_MAX = 8
_TAG_BYTES = 16
_NONCE = struct.Struct(">IQ")

log = logging.getLogger(__name__)


def reason(error: OSError) -> str:
    """Why there is no connection, for people: asyncio words it for programmers."""
    if isinstance(error, TimeoutError):
        return "no answer"
    known = error.errno is not None and error.errno > 0  # not of a look-up of a name
    return os.strerror(error.errno or 0) if known else str(error)


class Sealer:
    """One side's frames. For one connection: no two frames under a key have the same nonce."""

    def __init__(self, key: bytes, side: int) -> None:
        self._key, self._side, self._number = key, side, 0

    def seal(self, message: msgspec.Struct) -> bytes:
        """Raises `FrameError` if the message is too long for a frame."""
        nonce = _NONCE.pack(self._side, self._number)
        frame = framing.pack(
            crypto_aead_chacha20poly1305_ietf_encrypt(
                framing.encode(message), None, nonce, self._key
            )
        )
        self._number += 1
        return frame


class Opener:
    """What the other side sealed; an `engine.framing.Decodes`."""

    def __init__(self, key: bytes, side: int, kinds: Any) -> None:
        self._key, self._side, self._number = key, side, 0
        self._decode = msgspec.msgpack.Decoder(kinds).decode

    def decode(self, body: bytes | memoryview, /) -> Any:
        if len(body) < _TAG_BYTES:
            raise msgspec.DecodeError("it is too short to be sealed")
        nonce = _NONCE.pack(self._side, self._number)
        try:
            message = crypto_aead_chacha20poly1305_ietf_decrypt(bytes(body), None, nonce, self._key)
        except CryptoError:
            raise msgspec.DecodeError("it was not sealed with the key") from None
        self._number += 1
        return self._decode(message)


class ActorLink(asyncio.Protocol):
    """One end. `take` is called with every message, `lost` once the connection is no more."""

    def __init__(
        self,
        sealer: Sealer,
        decoder: framing.FrameDecoder[Any],
        take: Callable[[Any], None],
        lost: Callable[[], None],
    ) -> None:
        self._sealer = sealer
        self.decoder = decoder
        self.take = take
        self.lost = lost
        self._transport: asyncio.Transport | None = None
        self._aborted = False

    @classmethod
    async def connect(
        cls,
        host: str,
        port: int,
        key: bytes,
        take: Callable[[FromActor], None],
        lost: Callable[[], None],
    ) -> Self:
        """The relay's end, which has proved itself. Raises `OSError`, also a `TimeoutError`."""
        link = cls(
            Sealer(key, FROM_RELAY),
            framing.FrameDecoder(Opener(key, FROM_ACTOR, FromActor)),
            take,
            lost,
        )
        async with asyncio.timeout(OPEN_S):
            await asyncio.get_running_loop().create_connection(lambda: link, host, port)
        link.send(Beat())
        return link

    def send(self, message: msgspec.Struct) -> None:
        """Send it; it is lost where the connection is. Raises `FrameError` as `Sealer.seal`."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._sealer.seal(message))

    def close(self) -> None:
        """Close it behind what was sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close it at once: nothing is taken or sent any more."""
        self._aborted = True
        if self._transport is not None:
            self._transport.abort()

    # Called by asyncio.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._aborted:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            for message in self.decoder.feed(data):
                if self._aborted:
                    return
                self.take(message)
        except framing.FrameError as error:
            log.warning("a connection is given up: %s", error)
            self.abort()

    def connection_lost(self, _exc: Exception | None) -> None:
        self.lost()


class Door:
    """The actor's end before it is one: a port, open until somebody proves to have the key.

    Made by `open`. `entered` is called with the link of whoever did, whose messages go to `take`,
    the first one too.
    """

    def __init__(
        self,
        take: Callable[[ToActor], None],
        entered: Callable[[ActorLink], None],
    ) -> None:
        self.key = secrets.token_bytes(KEY_BYTES)
        self.port = 0
        self._take = take
        self._entered = entered
        self._guests: list[ActorLink] = []
        self._server: asyncio.Server | None = None

    @classmethod
    async def open(
        cls, host: str, take: Callable[[ToActor], None], entered: Callable[[ActorLink], None]
    ) -> Self:
        """Open one on the address `host`, at a free port. Raises `OSError`."""
        door = cls(take, entered)
        loop = asyncio.get_running_loop()
        door._server = await loop.create_server(door._guest, host, 0)
        door.port = door._server.sockets[0].getsockname()[1]
        loop.call_later(OPEN_S, door.shut)
        return door

    @property
    def is_open(self) -> bool:
        return self._server is not None

    def shut(self) -> None:
        """Let nobody in any more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for guest in self._guests:
            guest.abort()
        self._guests.clear()

    def _guest(self) -> ActorLink:
        decoder = framing.FrameDecoder[Any](Opener(self.key, FROM_RELAY, ToActor), _FIRST_MAX_BYTES)
        link = ActorLink(
            Sealer(self.key, FROM_ACTOR),
            decoder,
            lambda message: self._enter(link, message),
            lambda: self._leave(link),
        )
        self._guests.append(link)
        if len(self._guests) > _GUESTS_MAX:
            self._guests.pop(0).abort()
        if not self.is_open:  # it was accepted in the moment of shutting
            link.abort()
        return link

    def _enter(self, link: ActorLink, message: ToActor) -> None:
        self._leave(link)
        self.shut()
        link.decoder.max_bytes = framing.MAX_FRAME_BYTES
        link.take = self._take
        self._entered(link)
        self._take(message)

    def _leave(self, link: ActorLink) -> None:
        if link in self._guests:
            self._guests.remove(link)
