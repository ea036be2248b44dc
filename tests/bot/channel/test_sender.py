"""One thread sends for all: in time, never as a burst, and whatever one of them does."""

import asyncio
import itertools
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bot.base.metrics import SendingFigures
from bot.channel.sender import CATCH_UP_S, PACKET_S, Sender, Sending, Stalled
from bot.loopback.recording import still
from tests.waiting import until


class Wire:
    """Takes packets, and notes when; it can be cut."""

    timeout = 0.2

    def __init__(self) -> None:
        self.connected = True
        self.sent: list[tuple[float, bytes]] = []

    def is_connected(self) -> bool:
        return self.connected

    def send_opus(self, packet: bytes) -> None:
        self.sent.append((time.perf_counter(), packet))

    @property
    def packets(self) -> list[bytes]:
        return [packet for _, packet in self.sent]


class Counting:
    """Gives `packets` numbered packets; `before` is called with the number of each."""

    def __init__(self, packets: int, before: Callable[[int], object] = lambda _: None) -> None:
        self.packets = packets
        self.read_so_far = 0
        self._before = before

    def read(self) -> bytes:
        if self.read_so_far == self.packets:
            return b""
        self._before(self.read_so_far)
        self.read_so_far += 1
        return b"%d" % self.read_so_far


class Ends:
    """How transmissions ended."""

    def __init__(self) -> None:
        self.errors: list[Exception | None] = []

    def __call__(self, error: Exception | None) -> None:
        self.errors.append(error)


@asynccontextmanager
async def running() -> AsyncIterator[tuple[Sender, SendingFigures]]:
    figures = SendingFigures()
    sender = Sender(figures)
    watch = asyncio.create_task(sender.watch())
    try:
        yield sender, figures
    finally:
        watch.cancel()
        sender.close()


async def test_all_packets_of_all_leave_in_order_and_in_their_time() -> None:
    wires = [Wire() for _ in range(20)]
    ends = Ends()
    async with running() as (sender, figures):
        began = time.perf_counter()
        for wire in wires:
            sender.add(Sending(wire, Counting(25), ends))
        await until(lambda: len(ends.errors) == len(wires), 30)
    for wire in wires:
        assert wire.packets == [b"%d" % number for number in range(1, 26)]
        # Not one is early, whatever the machine was busy with.
        assert wire.sent[-1][0] - began >= 24 * PACKET_S - CATCH_UP_S
    assert ends.errors == [None] * len(wires)
    assert figures.lateness.cumulative[-1] == 20 * 25
    assert figures.sending == figures.stalls == 0


async def test_after_a_stall_packets_leave_at_their_own_pace() -> None:
    """Who was held up for a fifth of a second catches up by two packets, not by ten."""
    wire, ends = Wire(), Ends()
    source = Counting(30, lambda number: number == 5 and time.sleep(0.2))
    async with running() as (sender, _):
        sender.add(Sending(wire, source, ends))
        await until(lambda: bool(ends.errors), 30)
    assert len(wire.sent) == 30
    moments = [moment for moment, _ in wire.sent]
    for first, last in itertools.combinations(range(30), 2):
        # Twice, and more, as a moment is noted after its packet was due: a busy machine may come in
        # between. Ten packets at once would be 200 ms.
        assert moments[last] - moments[first] > (last - first) * PACKET_S - 2 * CATCH_UP_S - 0.05


async def test_a_source_that_blocks_is_given_up_and_the_others_go_on() -> None:
    released = threading.Event()
    blocked, others = Wire(), Wire()
    blocked_ends, other_ends = Ends(), Ends()
    blocking = Counting(5, lambda number: number == 2 and released.wait(30))
    async with running() as (sender, figures):
        sender.add(Sending(blocked, blocking, blocked_ends, name=7))
        sender.add(Sending(others, Counting(60), other_ends))
        await until(lambda: len(other_ends.errors) == 1, 30)
        assert others.packets == [b"%d" % number for number in range(1, 61)]
        assert [type(error) for error in blocked_ends.errors] == [Stalled]
        assert figures.stalls == 1
        released.set()
        await until(lambda: sum(t.name == "voice sender" for t in threading.enumerate()) == 1)
        assert len(blocked_ends.errors) == 1
        sender.add(Sending(others, Counting(2), other_ends))
        await until(lambda: len(other_ends.errors) == 2)


async def test_what_fails_ends_alone_and_says_why() -> None:
    failure = ValueError("no such packet")

    def fails(number: int) -> None:
        if number == 3:
            raise failure

    failing, well = Ends(), Ends()
    wire = Wire()
    async with running() as (sender, _):
        sender.add(Sending(wire, Counting(9, fails), failing))
        sender.add(Sending(Wire(), Counting(9), well))
        await until(lambda: bool(failing.errors and well.errors))
    assert failing.errors == [failure]
    assert well.errors == [None]
    assert len(wire.sent) == 3


async def test_nothing_is_read_while_the_connection_is_interrupted() -> None:
    wire, ends = Wire(), Ends()
    wire.timeout = 60.0
    source = Counting(1000)
    async with running() as (sender, _):
        sender.add(Sending(wire, source, ends))
        await until(lambda: len(wire.sent) >= 3)
        wire.connected = False
        await still(lambda: (source.read_so_far, len(wire.sent)), 4 * PACKET_S)
        assert source.read_so_far == len(wire.sent) < source.packets
        source.packets = source.read_so_far + 5
        wire.connected = True
        await until(lambda: bool(ends.errors))
    assert len(wire.sent) == source.packets


async def test_an_interruption_that_lasts_is_the_end() -> None:
    wire, ends = Wire(), Ends()
    wire.connected = False
    source = Counting(1)
    async with running() as (sender, _):
        sender.add(Sending(wire, source, ends))
        await until(lambda: bool(ends.errors))
    assert source.read_so_far == 0


async def test_what_is_stopped_sends_nothing_more() -> None:
    wire, ends = Wire(), Ends()
    async with running() as (sender, _):
        sending = Sending(wire, Counting(1000), ends)
        sender.add(sending)
        await until(lambda: bool(wire.sent))
        sending.stop()
        await until(lambda: bool(ends.errors))
        sent = len(wire.sent)
        await asyncio.sleep(3 * PACKET_S)
        assert len(wire.sent) == sent
