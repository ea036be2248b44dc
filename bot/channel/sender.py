"""Sends the packets of all servers: one thread, which takes them in the order of their times.

A thread for each server, as discord.py has them, spends most of its time on waking up. Where many
are being sent to, threads share a core: see `core_sharing.py`.

Sources never block. One that does all the same is seen by `Sender.watch`, and given up; the others
go on in a new thread.
"""

import asyncio
import heapq
import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from bot.base.metrics import SendingFigures
from bot.base.thread_names import show_name
from bot.channel.core_sharing import CoreSharing
from bot.speech.audio.opus import PACKET_MS

PACKET_S = PACKET_MS / 1000

#: How far packets may catch up after they were held up; receivers' buffers hide this much. What is
#: later stays late, as a burst of packets is heard as fast-forward.
CATCH_UP_S = 2 * PACKET_S

#: Times are multiples of this: what is due at almost the same time leaves together, and the thread
#: wakes up five times in 20 ms, however many it sends to. Nor does it sleep longer, so that what
#: begins does not wait for what is being sent already.
SLOT_S = PACKET_S / 5

#: A source that is read for longer than two looks of the watch is given up.
_WATCH_S = 0.25

log = logging.getLogger(__name__)


class Source(Protocol):
    """Where packets come from."""

    def read(self) -> bytes:
        """The next packet of 20 ms, or nothing at the end. Called in the sender's thread."""


class Carrier(Protocol):
    """What takes packets along. `timeout` is how long it may be interrupted, in seconds."""

    @property
    def timeout(self) -> float: ...

    def is_connected(self) -> bool: ...

    def send_opus(self, packet: bytes) -> None:
        """Send one packet. Called in the sender's thread; never blocks."""


class Sending:
    """One source on its way over one carrier, until the source or the connection ends.

    `on_end` is called in the sender's thread (after a stall, in the watch's), with what went wrong
    if something did. `name` is for the log.
    """

    def __init__(
        self,
        carrier: Carrier,
        source: Source,
        on_end: Callable[[Exception | None], None],
        *,
        name: object = None,
    ) -> None:
        self.name = name
        self.over = False
        self._carrier = carrier
        self._source = source
        self._on_end = on_end
        self._interrupted_at: float | None = None

    def stop(self) -> None:
        """Send nothing more. For any thread; harmless at the end."""
        self.over = True

    def send_next(self, now: float) -> bool:
        """Send what is due now; false where nothing is to follow."""
        if self.over:
            return False
        if not self._carrier.is_connected():  # discord.py may be following a move
            if self._interrupted_at is None:
                self._interrupted_at = now
            return now - self._interrupted_at < self._carrier.timeout
        self._interrupted_at = None
        packet = self._source.read()
        if not packet:
            return False
        self._carrier.send_opus(packet)
        return True

    def end(self, error: Exception | None = None) -> None:
        self.over = True
        self._on_end(error)


class Stalled(Exception):
    """A source blocked the sender's thread."""


class Sender:
    """Begins with what is added first, and sends until `close`."""

    def __init__(self, figures: SendingFigures) -> None:
        self._figures = figures
        self._added: deque[Sending] = deque()
        #: When the next packet of each is due; numbers keep equal times in order.
        self._due: list[tuple[float, int, Sending]] = []
        self._numbers = itertools.count()
        self._work = threading.Event()
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._sending: Sending | None = None  # whose packet is being sent at this moment
        self._steps = 0
        self._late = 0
        self._core_sharing = CoreSharing()

    def add(self, sending: Sending) -> None:
        """Send the first packet of `sending` at once, and its others in their time."""
        self._added.append(sending)
        with self._turn:
            if self._thread is None and not self._closed:
                self._begin()
        self._work.set()

    def close(self) -> None:
        """End the thread. What is being sent is not told."""
        with self._turn:
            self._closed = True
            thread, self._thread = self._thread, None
        self._work.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(1)

    def _begin(self) -> None:
        self._thread = threading.Thread(target=self._run, name="voice sender", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        me = threading.current_thread()
        show_name()
        while self._thread is me:
            now = time.perf_counter()
            if self._added:
                self._take_in(now)
            if not self._due:
                self._work.wait()
                self._work.clear()
                continue
            due, number, sending = self._due[0]
            if due > now:
                time.sleep(min(due - now, SLOT_S))
                continue
            goes_on, error = self._send(sending, now)
            with self._turn:
                if self._thread is not me:  # given up, or closed
                    return
                self._sending = None
                self._steps += 1
                if goes_on:
                    self._figures.lateness.observe(now - due)
                    self._late += now - due > PACKET_S
                    if due < now - CATCH_UP_S:
                        due = _slot(now - CATCH_UP_S) + SLOT_S
                    heapq.heapreplace(self._due, (due + PACKET_S, number, sending))
                    continue
                heapq.heappop(self._due)
            self._changed(now)
            _end(sending, error)

    def _send(self, sending: Sending, now: float) -> tuple[bool, Exception | None]:
        self._sending = sending
        try:
            return sending.send_next(now), None
        except Exception as error:  # it ends this one, and no other
            return False, error

    def _take_in(self, now: float) -> None:
        while self._added:
            heapq.heappush(self._due, (_slot(now), next(self._numbers), self._added.popleft()))
        self._changed(now)

    def _changed(self, now: float) -> None:
        """See to what depends on how many are being sent to."""
        many = self._figures.sending = len(self._due)
        self._core_sharing.look(many, packets=self._steps, late=self._late, now_s=now)

    async def watch(self) -> None:
        """Give up, until cancelled, what blocks the thread."""
        seen = -1
        while True:
            await asyncio.sleep(_WATCH_S)
            # A process that was stopped is not blocked: it goes on before the second look.
            seen = self._look(seen)

    def _look(self, seen: int) -> int:
        with self._turn:
            stalled = self._sending
            if stalled is None or self._closed:
                return -1
            if seen != self._steps:
                return self._steps
            log.error("a source blocks the sender", extra={"guild": stalled.name})
            self._figures.stalls += 1
            self._due = [entry for entry in self._due if entry[2] is not stalled]
            heapq.heapify(self._due)
            self._sending = None
            self._begin()
        _end(stalled, Stalled("its source blocked"))
        return -1


def _slot(moment: float) -> float:
    """When the slot began that a moment is in."""
    return moment // SLOT_S * SLOT_S


def _end(sending: Sending, error: Exception | None) -> None:
    try:
        sending.end(error)
    except Exception:
        log.exception("the end of a transmission could not be told", extra={"guild": sending.name})
