"""What the player thread reads: in order, silence where there is nothing, and an end."""

from bot.audio.opus import SILENCE
from bot.voice.source import TAIL_PACKETS, OpusQueueSource


def source(*, may_sound: bool = True) -> OpusQueueSource:
    return OpusQueueSource(lambda: may_sound)


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
    assert queue.read() == b""
    assert told == []


def test_what_is_put_while_the_player_ends_is_pending() -> None:
    queue = source()
    assert queue.read() == b""
    queue.put([b"1"])
    assert queue.pending
