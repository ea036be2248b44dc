"""Heartbeats to a voice server: as often as it asks, from the event loop, until the end."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator

import pytest
from discord.gateway import DiscordVoiceWebSocket

from bot.channel.voice_websocket import VoiceWebSocket
from tests.waiting import until


class Wire:
    """An open websocket that keeps what is sent; it can be lost."""

    def __init__(self) -> None:
        self.sent: list[dict[str, object]] = []
        self.lost = False
        self.closed_with: int | None = None

    async def send_str(self, text: str) -> None:
        if self.lost:
            raise ConnectionResetError("gone")
        self.sent.append(json.loads(text))

    async def close(self, *, code: int) -> None:
        self.closed_with = code


def hello(interval_ms: float) -> dict[str, object]:
    return {"op": VoiceWebSocket.HELLO, "d": {"heartbeat_interval": interval_ms}, "seq": 7}


def beating() -> int:
    return sum(task.get_name() == "voice heartbeat" for task in asyncio.all_tasks())


@pytest.fixture
async def wire() -> AsyncIterator[tuple[Wire, VoiceWebSocket]]:
    wire = Wire()
    websocket = VoiceWebSocket(wire, asyncio.get_running_loop())  # type: ignore[arg-type]
    websocket._max_heartbeat_timeout = 60.0
    websocket.thread_id = threading.get_ident()
    yield wire, websocket
    await websocket.close()


async def test_it_beats_as_often_as_the_server_asks_and_begins_no_thread(
    wire: tuple[Wire, VoiceWebSocket],
) -> None:
    sent, websocket = wire
    threads = threading.active_count()
    await websocket.received_message(hello(10))
    await until(lambda: len(sent.sent) >= 3)
    assert threading.active_count() == threads
    data = sent.sent[-1]["d"]
    assert sent.sent[-1]["op"] == VoiceWebSocket.HEARTBEAT
    assert isinstance(data, dict)
    assert data["seq_ack"] == 7
    assert websocket.latency == float("inf")
    await websocket.received_message({"op": VoiceWebSocket.HEARTBEAT_ACK, "d": {}})
    assert 0 <= websocket.latency < 60


async def test_it_ends_with_the_websocket(wire: tuple[Wire, VoiceWebSocket]) -> None:
    sent, websocket = wire
    await websocket.received_message(hello(1))
    await until(lambda: bool(sent.sent))
    await websocket.close(1000)
    await until(lambda: not beating())
    assert sent.closed_with == 1000


async def test_it_ends_where_nothing_can_be_sent_any_more(
    wire: tuple[Wire, VoiceWebSocket],
) -> None:
    sent, websocket = wire
    sent.lost = True
    await websocket.received_message(hello(1))
    await until(lambda: not beating())


async def test_a_server_that_says_nothing_any_more_is_left(
    wire: tuple[Wire, VoiceWebSocket],
) -> None:
    sent, websocket = wire
    websocket._max_heartbeat_timeout = 0.0
    await websocket.received_message(hello(1))
    await until(lambda: sent.closed_with == 4000)
    await until(lambda: not beating())


def test_discord_py_does_here_what_is_done_in_its_place() -> None:
    """Of the pinned version: the first message begins a thread of this kind, and nothing else."""
    names = DiscordVoiceWebSocket.received_message.__code__.co_names
    assert {"HELLO", "VoiceKeepAliveHandler", "start", "_hook"} <= set(names)
