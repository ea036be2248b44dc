"""What the sender reads: ready-made Opus packets from a queue.

`read` runs every 20 ms in the sender's thread, which all servers share. It must never wait, encode,
log or touch the event loop except through `call_soon_threadsafe`.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence

from bot.speech.audio.opus import PACKET_MS, SILENCE

#: Discord asks for five frames of silence after speech, so that receivers do not interpolate.
TAIL_PACKETS = 5


class OpusQueueSource:
    """One long-lived source per session, fed by `put` from the event loop.

    It returns silence while an utterance is open but its next packets are not there yet, and while
    `may_sound` is false (nobody would hear it, or it would go out in the clear): nothing is
    skipped, it waits, and goes on after `held_lead_in_ms` of silence.
    After the last packet it returns `TAIL_PACKETS` of silence and then ends, which does not lose
    what is put meanwhile: `pending` tells the session to play again. So does a pause.

    `put` callbacks are called in the sender's thread, and so is `on_gap`, when an utterance that
    sounds falls silent because its next packets are late.
    """

    def __init__(
        self,
        may_sound: Callable[[], bool],
        *,
        held_lead_in_ms: int = 0,
        on_gap: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_gap = on_gap
        self._may_sound = may_sound
        self._held_lead_in = held_lead_in_ms // PACKET_MS
        self._lock = threading.Lock()
        self._items: deque[bytes | Callable[[], None]] = deque()
        self._open = False
        self._paused = False
        self._held = False
        self._silence_owed = 0
        self._tail = 0
        self._in_gap = False
        self.underrun_packets = 0

    def put(self, packets: Sequence[bytes], *, first: Callable[[], None] | None = None) -> None:
        """Queue packets; `first` is called when the first of them is handed to the connection."""
        with self._lock:
            self._open = True
            if first is not None:
                self._items.append(first)
            self._items.extend(packets)

    def end(self, then: Callable[[], None]) -> None:
        """Close the utterance: `then` is called once its last packet has been handed over."""
        with self._lock:
            self._items.append(then)
            self._open = False

    def lead_in(self, milliseconds: int) -> None:
        """Return this much silence before anything else."""
        with self._lock:
            self._silence_owed = milliseconds // PACKET_MS
            self._tail = TAIL_PACKETS

    def clear(self) -> None:
        """Drop everything queued. Callbacks of dropped utterances are not called.

        A moment of silence follows, so that what comes next is not run together with it.
        """
        with self._lock:
            if self._items or self._open:
                self._silence_owed = max(self._silence_owed, TAIL_PACKETS)
            self._items.clear()
            self._open = False

    @property
    def paused(self) -> bool:
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        with self._lock:
            self._paused = paused

    @property
    def pending(self) -> bool:
        """Whether there is anything to play now, or an utterance is still open."""
        with self._lock:
            return not self._paused and (self._open or bool(self._items))

    def read(self) -> bytes:
        """The next 20 ms: a packet, silence, or nothing when there is nothing left to say."""
        with self._lock:
            # What is nearly always so, in as few steps as there can be.
            items = self._items
            if items and not (self._paused or self._held or self._silence_owed):
                item = items[0]
                if type(item) is bytes and self._may_sound():
                    items.popleft()
                    self._tail = TAIL_PACKETS
                    self._in_gap = False
                    return item
            called: list[Callable[[], None]] = []
            packet = self._next(called)
        for callback in called:
            callback()
        return packet

    def _next(self, called: list[Callable[[], None]]) -> bytes:
        if self._items and not self._paused and not self._may_sound():
            self._held = True
            return SILENCE
        if self._held:
            self._held = False
            self._silence_owed = max(self._silence_owed, self._held_lead_in)
        if self._silence_owed:
            self._silence_owed -= 1
            return SILENCE
        while self._items and not self._paused:
            item = self._items.popleft()
            if isinstance(item, bytes):
                self._tail = TAIL_PACKETS
                self._in_gap = False
                return item
            called.append(item)
        if self._open and not self._paused:
            self.underrun_packets += 1
            if not self._in_gap:
                self._in_gap = True
                called.append(self._on_gap)
            return SILENCE
        if self._tail:
            self._tail -= 1
            return SILENCE
        return b""
