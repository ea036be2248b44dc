"""Messages on their way to a websocket, in order; they wait while there is none."""

import asyncio
import struct
from collections import deque
from dataclasses import dataclass

from aiohttp import WSMsgType, web

#: How long a client may take to answer a close.
CLOSE_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class Close:
    """Closes the websocket instead of sending."""

    code: int
    reason: str = ""


@dataclass(frozen=True)
class Ping:
    """A ping of the websocket itself: the client answers when it has read what came before."""


Outgoing = str | bytes | Close | Ping


class Outbox:
    """Filled from anywhere on the event loop, emptied by `send_to`."""

    def __init__(self) -> None:
        self._messages: deque[Outgoing] = deque()
        self._filled = asyncio.Event()

    def put(self, message: Outgoing) -> None:
        """Queue a text or binary message, a ping, or the end of the connection."""
        self._messages.append(message)
        self._filled.set()

    async def send_to(self, websocket: web.WebSocketResponse) -> None:
        """Send until the websocket is closed, by us or by the client."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._messages:
                message = self._messages.popleft()
                try:
                    match message:
                        case Close(code, reason):
                            await websocket.send_frame(
                                struct.pack(">H", code) + reason.encode(), WSMsgType.CLOSE
                            )
                            # The task that reads ends this one when the client answers.
                            # `close` alone would end the connection before the client, if it is
                            # busy, has seen the code.
                            await asyncio.sleep(CLOSE_TIMEOUT_S)
                            await websocket.close()
                            return
                        case Ping():
                            await websocket.ping()
                        case bytes():
                            await websocket.send_bytes(message)
                        case str():
                            await websocket.send_str(message)
                except ConnectionError:  # the client has gone; a later connection gets the rest
                    self._messages.appendleft(message)
                    self._filled.set()
                    return
