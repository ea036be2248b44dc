"""Packets are those that discord.py would send, byte for byte."""

import discord
from discord.voice_state import VoiceConnectionState

from bot.channel.packets import PacketWriter
from bot.speech.audio.opus import SILENCE


class Group:
    """Stands for an encryption group: what it does to a packet is seen."""

    def encrypt_opus(self, opus: bytes) -> bytes:
        return b"group" + opus


class State(VoiceConnectionState):
    """A connection as discord.py has it, without a server."""

    def __init__(self) -> None:
        self.secret_key = list(range(32))
        self.ssrc = 77
        self.mode = "aead_xchacha20_poly1305_rtpsize"
        self.dave_session = None
        self.encrypting = False
        self.sent: list[bytes] = []

    @property
    def can_encrypt(self) -> bool:
        return self.encrypting

    def send_packet(self, packet: bytes) -> None:
        self.sent.append(bytes(packet))


def discord_py(state: State) -> discord.VoiceClient:
    client = object.__new__(discord.VoiceClient)
    client._connection = state
    client.sequence = client.timestamp = client._incr_nonce = 0
    return client


def test_each_packet_is_what_discord_py_would_send() -> None:
    ours, theirs = State(), State()
    writer, client = PacketWriter(ours), discord_py(theirs)
    for state in (ours, theirs):
        state.dave_session = Group()  # type: ignore[assignment]
    for number in range(40):
        for state in (ours, theirs):
            state.encrypting = number >= 10  # the group is formed while packets are sent
            if number == 20:  # the voice server changes
                state.secret_key, state.ssrc = list(range(32, 64)), 78
        packet = SILENCE if number % 7 == 0 else b"packet %d" % number
        writer.write(packet)
        client.send_audio_packet(packet, encode=False)
    assert ours.sent == theirs.sent
    assert len(set(ours.sent)) == 40


def test_counters_begin_anew_after_their_last_value() -> None:
    state = State()
    writer = PacketWriter(state)
    writer._sequence, writer._timestamp, writer._counter = 0xFFFF, 0xFFFFFFFF - 959, 0xFFFFFFFF
    writer.write(b"one")
    writer.write(b"two")
    first, second = state.sent
    assert (first[2:4], first[4:8], first[-4:]) == (b"\0\0", b"\xff\xff\xfc\x40", b"\xff" * 4)
    assert (second[2:4], second[4:8], second[-4:]) == (b"\0\1", b"\0" * 4, b"\0" * 4)
