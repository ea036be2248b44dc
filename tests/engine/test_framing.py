"""Frames survive any cutting of the stream, and nothing else passes for one."""

import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import framing
from engine.framing import FrameError
from engine.messages import (
    Cancel,
    EngineConfig,
    Enrolled,
    Failed,
    Heartbeat,
    Narrowed,
    Ready,
    Speak,
    Spoken,
    Start,
    Stop,
)
from engine.speech import ClonedVoice, EngineInfo, SpeechParameters

COMMANDS = [
    Start(EngineConfig(engine="stock", home="/home")),
    Speak(1, "Grüß Gott", ClonedVoice("ab", "/clip"), SpeechParameters(seed=2**63 - 1)),
    Cancel(1),
    Stop(),
]
INFO = EngineInfo(
    name="scripted",
    model="tone",
    revision="1",
    version="1",
    sample_rate=24_000,
    device="cpu",
    precision="fp32",
    reason="It is a test.",
    stock_voices=("tone",),
    clones_voices=True,
)
SPOKEN = Spoken(1, b"\x00\x01" * 70_000, 24_000, None, {"t3": 1.5})


@given(st.lists(st.integers(1, 40), min_size=1))
def test_messages_arrive_whole_and_in_order_however_the_pipe_cuts_them(sizes: list[int]) -> None:
    stream = b"".join(map(framing.frame, COMMANDS))
    decoder, received, at = framing.commands(), [], 0
    while at < len(stream):
        size = sizes[at % len(sizes)]
        received += decoder.feed(stream[at : at + size])
        at += size
    decoder.end()
    assert received == COMMANDS


def test_a_large_frame_passes() -> None:
    """A report larger than any pipe's buffer."""
    stream = framing.frame(SPOKEN)
    decoder = framing.reports()
    received = [
        m for at in range(0, len(stream), 65_536) for m in decoder.feed(stream[at:][:65_536])
    ]
    assert received == [SPOKEN]


@pytest.mark.parametrize(
    "garbage",
    [
        b"Traceback (most recent call last):\n",
        b"\n\n\n\n",
        b"    indented",
        b"\r\nHello",
        struct.pack(">I", framing.MAX_FRAME_BYTES + 1),
        b"\x00\x00\x00\x04abcd",  # a frame, but not of msgpack that we know
        b"\x00\x00\x00\x01\xc1",  # never valid msgpack
        b"\x00\x00\x00\x00",
        framing.frame(Cancel(1)),  # a command where reports are read
        # What a worker that was taken over might say:
        framing.frame(Failed(1, "unusable", "!" * 3_000_000)),
        framing.frame(Spoken(1, b"", 24_000, "!" * 3_000_000, {})),
        framing.frame(Spoken(1, b"", 24_000, None, {str(n): 1.0 for n in range(300_000)})),
        framing.frame(Enrolled("../../x", "b" * 64, "", "", "x", 1)),
        framing.frame(Narrowed(2**62)),
        framing.frame(Ready(msgspec.structs.replace(INFO, sample_rate=1))),
        framing.frame(Ready(msgspec.structs.replace(INFO, reason="!" * 3_000_000))),
    ],
)
def test_garbage_is_refused_at_once_and_the_good_frames_before_it_are_kept(garbage: bytes) -> None:
    beat = Heartbeat(0.0, 1)
    decoder, received = framing.reports(), []
    with pytest.raises(FrameError):
        received.extend(decoder.feed(framing.frame(beat) + garbage))
    assert received == [beat]


@pytest.mark.parametrize(
    "garbage", [b"\xff" * 4, b"\xff" * 40, struct.pack(">I", 3) + b"\x91\xa1x"]
)
def test_what_follows_garbage_is_lost_though_it_comes_by_itself(garbage: bytes) -> None:
    decoder = framing.reports()
    for data in (garbage, framing.frame(Heartbeat(0.0, 1))):
        with pytest.raises(FrameError):
            list(decoder.feed(data))
    with pytest.raises(FrameError):
        decoder.end()


@pytest.mark.parametrize("cut", [1, 3, 4, 5, -1])
def test_a_truncated_frame_is_noticed_at_the_end(cut: int) -> None:
    decoder = framing.reports()
    assert list(decoder.feed(framing.frame(Failed(1, "failed", "No."))[:cut])) == []
    with pytest.raises(FrameError, match="ended"):
        decoder.end()


def test_an_oversize_message_is_not_sent() -> None:
    with pytest.raises(FrameError, match="exceeds"):
        framing.frame(Spoken(1, bytes(framing.MAX_FRAME_BYTES), 24_000, None, {}))


def test_no_error_quotes_what_was_in_the_stream() -> None:
    secret = b"what a member wrote"
    with pytest.raises(FrameError) as caught:
        list(framing.reports().feed(struct.pack(">I", len(secret)) + secret))
    assert "member" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
