"""What the sender reads: in order, silence where there is nothing, and an end."""

from bot.channel.source import TAIL_PACKETS, OpusQueueSource
from bot.speech.audio.opus import SILENCE


def source() -> OpusQueueSource:
    return OpusQueueSource(lambda: True)


def test_packets_come_in_order_and_then_a_tail_of_silence_and_the_end() -> None:
    queue = source()
    queue.put([b"1", b"2"])
    queue.put([b"3"])
    queue.end(lambda: None)
    read = [queue.read() for _ in range(3 + TAIL_PACKETS + 1)]
    assert read == [b"1", b"2", b"3", *[SILENCE] * TAIL_PACKETS, b""]


def test_an_open_utterance_without_packets_is_silence_not_the_end() -> None:
    queue = source()
    queue.put([b"1"])
    assert [queue.read() for _ in range(4)] == [b"1", SILENCE, SILENCE, SILENCE]
    assert queue.underrun_packets == 3
    queue.put([b"2"])
    assert queue.read() == b"2"


def test_a_silence_in_the_middle_is_told_once_however_long_it_is() -> None:
    gaps: list[int] = []
    queue = OpusQueueSource(lambda: True, on_gap=lambda: gaps.append(1))
    queue.read()
    queue.put([b"1"])
    assert not gaps
    for _ in range(2):
        for _ in range(5):
            queue.read()
        queue.put([b"2"])
    queue.end(lambda: None)
    for _ in range(20):
        queue.read()
    assert len(gaps) == 2


def test_the_lead_in_goes_before_the_first_packet() -> None:
    queue = source()
    queue.lead_in(60)
    queue.put([b"1"])
    assert [queue.read() for _ in range(4)] == [SILENCE] * 3 + [b"1"]


def test_callbacks_run_with_the_first_packet_and_after_the_last() -> None:
    told: list[str] = []
    queue = source()
    queue.put([b"1", b"2"], first=lambda: told.append("first"))
    queue.end(lambda: told.append("last"))
    assert told == []
    queue.read()
    assert told == ["first"]
    queue.read()
    assert told == ["first"]
    queue.read()
    assert told == ["first", "last"]


def test_nothing_is_skipped_while_the_connection_would_send_in_the_clear() -> None:
    encrypted = False
    queue = OpusQueueSource(lambda: encrypted)
    queue.put([b"1", b"2"])
    assert [queue.read() for _ in range(3)] == [SILENCE] * 3
    encrypted = True
    assert [queue.read() for _ in range(2)] == [b"1", b"2"]


def test_clear_drops_packets_and_callbacks() -> None:
    told: list[str] = []
    queue = source()
    queue.put([b"1"], first=lambda: told.append("first"))
    queue.end(lambda: told.append("last"))
    queue.clear()
    assert not queue.pending
    assert [queue.read() for _ in range(TAIL_PACKETS + 1)] == [*[SILENCE] * TAIL_PACKETS, b""]
    assert told == []


def test_what_is_put_at_the_end_is_pending() -> None:
    queue = source()
    assert queue.read() == b""
    queue.put([b"1"])
    assert queue.pending


def test_what_was_held_back_begins_after_a_lead_in() -> None:
    """A connection that has just become usable would lose the first syllable."""
    heard = False
    queue = OpusQueueSource(lambda: heard, held_lead_in_ms=40)
    queue.put([b"1"])
    assert queue.read() == SILENCE
    heard = True
    assert [queue.read() for _ in range(3)] == [SILENCE, SILENCE, b"1"]


def test_a_pause_ends_it_and_loses_nothing() -> None:
    queue = source()
    queue.put([b"1", b"2"])
    assert queue.read() == b"1"
    queue.paused = True
    assert [queue.read() for _ in range(TAIL_PACKETS + 1)] == [*[SILENCE] * TAIL_PACKETS, b""]
    assert not queue.pending
    queue.paused = False
    assert queue.pending
    assert queue.read() == b"2"
