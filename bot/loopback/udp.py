"""The voice server's UDP socket: address discovery, and datagrams with their time of arrival.

The time stamps show when packets came, and not when the event loop got round to them: a thread of
its own waits on the socket, and on Linux the system notes the time itself, so that where this
process has to wait for a core it sees no burst that nobody sent.
"""

import asyncio
import socket
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Callable

_DISCOVERY_BYTES = 74
_REQUEST = 1
_RESPONSE = 2
_BODY_BYTES = 70
_LONGEST_BYTES = 4096
#: The system may give less.
_BUFFER_BYTES = 4 * 2**20
_LINUX = sys.platform == "linux"
#: Of Linux's asm-generic/socket.h; Python has no name for it. The time comes as two native longs,
#: seconds and nanoseconds of the system's clock.
_SO_TIMESTAMPNS = 35
_TIME = struct.Struct("@ll")
#: Where so many had come while the thread woke up, more are let gather for so long before it wakes
#: again: it and the loop would wake for every few, and packets need nobody's answer.
_MANY, _GATHERED_S = 8, 0.005
_NOTE_BYTES = socket.CMSG_SPACE(_TIME.size) if _LINUX else 0

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
        note_arrivals(self._socket)
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
        while not self._closing:
            try:
                datagram, sender, arrived_s = receive(self._socket)
            except ConnectionResetError:
                continue  # Windows: an earlier reply met a closed port
            self._take(datagram, sender, arrived_s)
            if _LINUX and self._take_waiting() >= _MANY:
                time.sleep(_GATHERED_S)

    def _take_waiting(self) -> int:
        """Take what has come already; returns how many that were."""
        ahead_s = _monotonic_ahead_s()
        taken = 0
        while not self._closing:
            try:
                self._take(*receive(self._socket, socket.MSG_DONTWAIT, ahead_s))
            except BlockingIOError:
                break
            taken += 1
        return taken

    def _take(self, datagram: bytes, sender: tuple[str, int], arrived_s: float) -> None:
        if self._closing:
            return
        if _is_discovery(datagram):
            (ssrc,) = struct.unpack_from(">I", datagram, 4)
            self._addresses[ssrc] = sender
            self._socket.sendto(_discovered(ssrc, *sender), sender)
            return
        # Of hundreds of servers many arrive before the loop gets round to one: to wake it for each
        # would be most of the work.
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


def note_arrivals(listening: socket.socket) -> None:
    """Have the system note when each datagram comes, where it can; see `receive`."""
    if _LINUX:
        listening.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)


def receive(
    listening: socket.socket, flags: int = 0, ahead_s: float | None = None
) -> tuple[bytes, tuple[str, int], float]:
    """Wait for a datagram: what it is, who sent it, and when it came in `time.monotonic` seconds.

    `ahead_s` is how far that clock was ahead of the system's, where the caller knows. Raises
    `OSError`.
    """
    if not _LINUX:
        datagram, sender = listening.recvfrom(_LONGEST_BYTES)
        return datagram, sender, time.monotonic()
    datagram, notes, _, sender = listening.recvmsg(_LONGEST_BYTES, _NOTE_BYTES, flags)
    if ahead_s is None:
        ahead_s = _monotonic_ahead_s()
    for _level, kind, data in notes:
        if kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIME.unpack(data)
            return datagram, sender, seconds + nanoseconds * 1e-9 + ahead_s
    return datagram, sender, time.monotonic()


def _monotonic_ahead_s() -> float:
    # The least, as this thread may have to wait between the two looks.
    return min(-time.time() + time.monotonic() for _ in range(3))


def _is_discovery(datagram: bytes) -> bool:
    return len(datagram) == _DISCOVERY_BYTES and datagram[:2] == struct.pack(">H", _REQUEST)


def _discovered(ssrc: int, host: str, port: int) -> bytes:
    return struct.pack(">HHI64sH", _RESPONSE, _BODY_BYTES, ssrc, host.encode("ascii"), port)
