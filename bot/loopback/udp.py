"""The voice server's UDP socket: address discovery, and datagrams with their time of arrival.

A thread of its own waits on the socket, so that the time stamps show when packets came and not
when the event loop got round to them.
"""

import asyncio
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable

_DISCOVERY_BYTES = 74
_REQUEST = 1
_RESPONSE = 2
_BODY_BYTES = 70
#: The system may give less.
_BUFFER_BYTES = 4 * 2**20

#: Called on the event loop with a datagram and its arrival in `time.monotonic` seconds.
Received = Callable[[bytes, float], None]


class UdpSocket:
    """Listens on 127.0.0.1 from `__init__` until `close`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, received: Received) -> None:
        self._loop = loop
        self._received = received
        self._closing = False
        self._arrived: deque[tuple[bytes, float]] = deque()  # not handed over yet
        self._addresses: dict[int, tuple[str, int]] = {}  # by SSRC
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # Else packets of hundreds of servers are lost in the moments in which the thread waits.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._receive, name="loopback voice", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    def send(self, ssrc: int, datagram: bytes) -> None:
        """Send to the client that discovered its address with this SSRC."""
        if address := self._addresses.get(ssrc):
            self._socket.sendto(datagram, address)

    def close(self) -> None:
        self._closing = True
        # Closing does not wake a thread that waits in recvfrom on every platform; a datagram does.
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    def _receive(self) -> None:
        while True:
            try:
                datagram, sender = self._socket.recvfrom(4096)
            except ConnectionResetError:
                continue  # Windows: an earlier reply met a closed port
            arrived_s = time.monotonic()
            if self._closing:
                return
            if _is_discovery(datagram):
                (ssrc,) = struct.unpack_from(">I", datagram, 4)
                self._addresses[ssrc] = sender
                self._socket.sendto(_discovered(ssrc, *sender), sender)
            else:
                # Of hundreds of servers many arrive before the loop gets round to one: to wake it
                # for each would be most of the work.
                self._arrived.append((datagram, arrived_s))
                if len(self._arrived) == 1:
                    self._loop.call_soon_threadsafe(self._hand_over)

    def _hand_over(self) -> None:
        try:
            while self._arrived:
                self._received(*self._arrived.popleft())
        finally:
            if self._arrived:  # one failed: the others are handed over all the same
                self._loop.call_soon(self._hand_over)


def _is_discovery(datagram: bytes) -> bool:
    return len(datagram) == _DISCOVERY_BYTES and datagram[:2] == struct.pack(">H", _REQUEST)


def _discovered(ssrc: int, host: str, port: int) -> bytes:
    return struct.pack(">HHI64sH", _RESPONSE, _BODY_BYTES, ssrc, host.encode("ascii"), port)
