"""What crosses between a relay and its actor: whoever lacks the key neither reads nor writes it."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from engine import framing
from engine.cluster import link as linking
from engine.cluster.link import FROM_ACTOR, FROM_RELAY, KEY_BYTES, ActorLink, Door, Opener, Sealer
from engine.cluster.wire import Beat, FromActor, ToActor, VoiceClip
from engine.framing import FrameDecoder, FrameError
from engine.messages import Cancel, Forgotten, Heartbeat
from tests.waiting import until

KEY = bytes(range(KEY_BYTES))
HOST = "127.0.0.1"
VOICE = f"clip:1:{'a' * 64}"
CLIPS = [VoiceClip(VOICE, bytes([n]) * 100_000) for n in range(4)]


def _decoder(side: int = FROM_RELAY) -> "FrameDecoder[Any]":
    return FrameDecoder(Opener(KEY, side, ToActor))


def test_frames_arrive_whole_and_unreadable_however_the_connection_cuts_them() -> None:
    sealer, decoder = Sealer(KEY, FROM_RELAY), _decoder()
    stream = b"".join(map(sealer.seal, CLIPS))
    assert not any(clip.content[:64] in stream or VOICE.encode() in stream for clip in CLIPS)
    cuts = sorted(random.Random(5).sample(range(len(stream)), 40))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [message for piece in pieces for message in decoder.feed(piece)] == CLIPS


def _flipped(frame: bytes, bit: int) -> bytes:
    changed = bytearray(frame)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize(
    "tamper",
    [
        lambda first, second: first + _flipped(second, 8 * 4),
        lambda first, second: first + _flipped(second, 8 * len(second) - 1),
        lambda first, _: first + first,
        lambda first, _: first + Sealer(KEY, FROM_ACTOR).seal(Beat()),
        lambda _, second: second,
        lambda first, _: first + framing.frame(Beat()),
        lambda first, _: first + framing.pack(b""),
        lambda first, _: first + Sealer(bytes(KEY_BYTES), FROM_RELAY).seal(Beat()),
    ],
    ids=["altered", "tag", "repeated", "sent back", "left out", "open", "empty", "other key"],
)
def test_what_the_other_side_did_not_send_is_refused(
    tamper: Callable[[bytes, bytes], bytes],
) -> None:
    sealer = Sealer(KEY, FROM_RELAY)
    stream = tamper(sealer.seal(Cancel(1)), sealer.seal(Cancel(2)))
    taken: list[object] = []
    with pytest.raises(FrameError):
        taken.extend(_decoder().feed(stream))
    assert taken in ([], [Cancel(1)])


def test_what_is_too_long_for_a_frame_takes_no_number() -> None:
    sealer = Sealer(KEY, FROM_RELAY)
    with pytest.raises(FrameError):
        sealer.seal(VoiceClip(VOICE, bytes(framing.MAX_FRAME_BYTES)))
    assert list(_decoder().feed(sealer.seal(Cancel(1)))) == [Cancel(1)]


class _Actor:
    """Its end: what it took, and who entered."""

    def __init__(self) -> None:
        self.taken: list[ToActor] = []
        self.entered: list[ActorLink] = []

    async def open(self) -> Door:
        return await Door.open(HOST, self.taken.append, self.entered.append)


async def _connect(door: Door, key: bytes | None = None) -> "tuple[ActorLink, list[Any]]":
    """A relay, and what it hears; the last is `None` once its connection has ended."""
    heard: list[Any] = []
    link = await ActorLink.connect(
        HOST, door.port, key or door.key, heard.append, lambda: heard.append(None)
    )
    return link, heard


async def _is_shut(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except ConnectionRefusedError:
        return True
    writer.close()
    return False


async def test_one_enters_past_many_who_lack_the_key_and_shuts_the_door() -> None:
    actor = _Actor()
    door = await actor.open()
    strangers = [await asyncio.open_connection(HOST, door.port) for _ in range(30)]
    _, refused = await _connect(door, bytes(KEY_BYTES))
    await until(lambda: refused == [None])
    await until(
        lambda: sum(reader.at_eof() or bool(reader.exception()) for reader, _ in strangers) >= 22
    )
    assert not await _is_shut(door.port)
    relay, heard = await _connect(door)
    await until(lambda: bool(actor.entered))
    assert await _is_shut(door.port)
    for reader, writer in strangers:
        with suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
    for clip in CLIPS:
        relay.send(clip)
    await until(lambda: len(actor.taken) == 5)
    assert actor.taken == [Beat(), *CLIPS]
    said = [Forgotten(VOICE), Heartbeat(0.0, 1)]
    (end,) = actor.entered
    for message in said:
        end.send(message)
    end.close()
    await until(lambda: heard[-1:] == [None])
    assert heard == [*said, None]


async def test_who_has_not_proved_anything_cannot_make_an_actor_keep_what_it_sends() -> None:
    actor = _Actor()
    door = await actor.open()
    reader, writer = await asyncio.open_connection(HOST, door.port)
    writer.write(framing.pack(bytes(100))[:4])  # of a frame that no `Beat` is as long as
    with suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()
    assert not actor.taken
    assert door.is_open  # so it is not for the door's sake that it was dropped
    assert len(Sealer(KEY, FROM_RELAY).seal(Beat())) < 64
    door.shut()


async def test_a_frame_that_was_altered_ends_the_connection() -> None:
    actor = _Actor()
    door = await actor.open()
    reader, writer = await asyncio.open_connection(HOST, door.port)
    sealer = Sealer(door.key, FROM_RELAY)
    writer.write(sealer.seal(Beat()) + _flipped(sealer.seal(Cancel(1)), 40) + sealer.seal(Beat()))
    with suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()
    assert actor.taken == [Beat()]


async def test_a_door_that_nobody_comes_to_shuts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linking, "OPEN_S", 0.05)
    door = await _Actor().open()
    waiting, _ = await asyncio.open_connection(HOST, door.port)
    with suppress(ConnectionError):
        assert await waiting.read() == b""
    assert await _is_shut(door.port)
    assert not door.is_open


def test_both_sides_read_what_the_other_may_say() -> None:
    for kinds, message in ((ToActor, CLIPS[0]), (FromActor, Heartbeat(0.0, 1))):
        opener = Opener(KEY, FROM_ACTOR, kinds)
        sealed = Sealer(KEY, FROM_ACTOR).seal(message)
        assert opener.decode(sealed[4:]) == message
    with pytest.raises(msgspec.MsgspecError):
        Opener(KEY, FROM_ACTOR, FromActor).decode(Sealer(KEY, FROM_ACTOR).seal(CLIPS[0])[4:])
