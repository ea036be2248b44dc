"""Threads share a core while many speak, and not where that makes packets late."""

from bot.channel.core_sharing import FROM_SERVERS, PAUSE_S, WINDOW_S, CoreSharing


class Process:
    """Speaks in a number of servers; `done` is what was done about its threads."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.now_s = 0.0
        self._packets = self._late = 0
        self._sharing = CoreSharing(
            lambda: self.done.append("share"), lambda: self.done.append("spread")
        )

    def speaks(self, servers: int, *, late: float = 0.0, windows: float = 1.0) -> None:
        """Look once before and once after some time, in which a share of the packets was late."""
        for seconds in (0.0, windows * WINDOW_S):
            self.now_s += seconds
            sent = round(servers * 50 * seconds)
            self._packets += sent
            self._late += round(late * sent)
            self._sharing.look(servers, packets=self._packets, late=self._late, now_s=self.now_s)


def test_many_share_until_they_are_few() -> None:
    process = Process()
    process.speaks(FROM_SERVERS - 1)
    assert process.done == []
    process.speaks(FROM_SERVERS)
    process.speaks(FROM_SERVERS // 2, late=0.01)
    assert process.done == ["share"]
    process.speaks(FROM_SERVERS // 2 - 1)
    assert process.done == ["share", "spread"]


def test_where_packets_become_late_threads_stop_sharing_for_a_while() -> None:
    process = Process()
    process.speaks(100)
    process.speaks(100, late=0.05)
    process.speaks(100, late=0.05)
    assert process.done == ["share", "spread"]
    process.speaks(100, windows=0.9 * PAUSE_S / WINDOW_S)
    assert process.done == ["share", "spread"]
    process.speaks(100, windows=0.2 * PAUSE_S / WINDOW_S)
    assert process.done == ["share", "spread", "share"]


def test_what_made_packets_late_once_is_no_reason() -> None:
    process = Process()
    for _ in range(3):
        process.speaks(100, late=0.05)
        process.speaks(100)
    assert process.done == ["share"]
