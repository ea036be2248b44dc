"""Packets are those that discord.py would send, byte for byte, however they are made."""

import socket
import sys
from collections.abc import Iterator
from contextlib import closing

import discord
import pytest
from discord.voice_state import VoiceConnectionState

from bot.channel import native_calls
from bot.channel.packets import PacketWriter
from bot.speech.audio.opus import SILENCE


class Group:
    """Stands for an encryption group: what it does to a packet is seen."""

    def encrypt_opus(self, opus: bytes) -> bytes:
        return b"group" + opus


class State(VoiceConnectionState):
    """A connection as discord.py has it, to a socket on this machine."""

    def __init__(self) -> None:
        self.secret_key = list(range(32))
        self.ssrc = 77
        self.mode = "aead_xchacha20_poly1305_rtpsize"
        self.dave_session = None
        self.encrypting = False
        self._there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._there.bind(("127.0.0.1", 0))
        self._there.settimeout(60)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.connect(self._there.getsockname())

    @property
    def can_encrypt(self) -> bool:
        return self.encrypting

    def came(self) -> bytes:
        return self._there.recv(4096)

    def close(self) -> None:
        self.socket.close()
        self._there.close()


@pytest.fixture(params=["native", "binding"])
def states(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[State, State]]:
    """Two connections, once as this system calls C, once as one does that exports no function."""
    if request.param == "binding":
        monkeypatch.setattr(native_calls, "_seal", None)
        monkeypatch.setattr(native_calls, "_send", None)
    both = State(), State()
    yield both
    for state in both:
        state.close()


def discord_py(state: State) -> discord.VoiceClient:
    client = object.__new__(discord.VoiceClient)
    client._connection = state
    client.sequence = client.timestamp = client._incr_nonce = 0
    return client


def test_each_packet_is_what_discord_py_would_send(states: tuple[State, State]) -> None:
    ours, theirs = states
    writer, client = PacketWriter(ours), discord_py(theirs)
    for state in (ours, theirs):
        state.dave_session = Group()  # type: ignore[assignment]
    sent = set()
    for number in range(40):
        for state in (ours, theirs):
            state.encrypting = number >= 10  # the group is formed while packets are sent
            if number == 20:  # the voice server changes
                state.secret_key, state.ssrc = list(range(32, 64)), 78
        packet = SILENCE if number % 7 == 0 else b"packet \0 %d" % number
        packet += bytes(number) * 31  # of all lengths that there are
        writer.write(packet)
        client.send_audio_packet(packet, encode=False)
        came = ours.came()
        assert came == theirs.came()
        sent.add(came)
    assert len(sent) == 40


def test_counters_begin_anew_after_their_last_value(states: tuple[State, State]) -> None:
    state, _ = states
    writer = PacketWriter(state)
    writer._sequence, writer._timestamp, writer._counter = 0xFFFF, 0xFFFFFFFF - 959, 0xFFFFFFFF
    writer.write(b"one")
    writer.write(b"two")
    first, second = state.came(), state.came()
    assert (first[2:4], first[4:8], first[-4:]) == (b"\0\0", b"\xff\xff\xfc\x40", b"\xff" * 4)
    assert (second[2:4], second[4:8], second[-4:]) == (b"\0\1", b"\0" * 4, b"\0" * 4)


def test_a_packet_on_a_closed_socket_is_an_error_of_the_system(
    states: tuple[State, State],
) -> None:
    state, _ = states
    writer = PacketWriter(state)
    state.socket.close()
    with pytest.raises(OSError, match="descriptor"):
        writer.write(b"one")


@pytest.mark.skipif(sys.platform == "win32", reason="exports no function")
def test_the_lock_is_kept_where_the_system_lets_it() -> None:
    assert native_calls._seal is not None
    assert native_calls._send is not None


@pytest.mark.skipif(sys.platform == "win32", reason="exports no function")
def test_what_does_not_fit_is_refused_before_memory_is_written() -> None:
    with closing(State()) as state, pytest.raises(ValueError, match="not a packet"):
        PacketWriter(state).write(bytes(native_calls.MESSAGE_MAX_BYTES + 1))
