"""What a voice server answers over UDP while discord.py asks it for the bot's address.

discord.py has a thread for each connection that waits in `select()`, which fails at descriptors
from 1,024 on. Here the event loop waits, and only while somebody listens.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress

log = logging.getLogger(__name__)

_DATAGRAM_BYTES = 2048


class SocketListener:
    """In place of discord.py's `SocketReader`, with its methods. `current` gives the socket."""

    def __init__(self, current: Callable[[], socket.socket]) -> None:
        self._current = current
        self._callbacks: list[Callable[[bytes], object]] = []
        self._listening: tuple[asyncio.Task[None], socket.socket] | None = None

    def start(self) -> None:
        """Nothing is waited for before somebody listens."""

    def register(self, callback: Callable[[bytes], object]) -> None:
        self._callbacks.append(callback)
        self.resume()

    def unregister(self, callback: Callable[[bytes], object]) -> None:
        if callback in self._callbacks:
            self._callbacks.remove(callback)
        if not self._callbacks:
            self.pause()

    def pause(self) -> None:
        if self._listening is None:
            return
        task, here = self._listening
        self._listening = None
        task.cancel()
        if here.fileno() >= 0:
            # The task would do so in the loop's next turn: too late for one that is closed in this.
            with suppress(NotImplementedError):  # Windows' loop waits otherwise
                task.get_loop().remove_reader(here)

    def resume(self, *, force: bool = False) -> None:  # noqa: ARG002 - as discord.py's
        """Listen to the current socket, if somebody wants to hear it."""
        self.pause()
        if self._callbacks:
            here = self._current()
            self._listening = asyncio.create_task(self._listen(here), name="discovery"), here

    def stop(self) -> None:
        self.pause()
        self._callbacks.clear()

    async def _listen(self, here: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                datagram = await loop.sock_recv(here, _DATAGRAM_BYTES)
                for callback in tuple(self._callbacks):
                    callback(datagram)
            except ConnectionError as error:  # an earlier datagram met a closed port
                log.info("a voice server does not listen", extra={"reason": str(error)})
            except OSError as error:
                log.info("a voice server cannot be heard", extra={"reason": str(error)})
                return
            except IndexError:  # discord.py looks for a second byte in whatever comes
                log.info("a voice server sent nothing in a datagram")
