"""Opus packets as Discord's voice servers take them: numbered, and encrypted twice.

What `discord.VoiceClient.send_audio_packet` does for any mode and source, for the one mode and the
ready-made packets that there are here: made and sent in as few steps as there can be.
"""

from typing import Final

from discord.voice_state import VoiceConnectionState

from bot.channel.native_calls import new_dispatch
from bot.speech.audio.opus import PACKET_SAMPLES

#: What `native_calls.Dispatch` does.
MODE: Final = "aead_xchacha20_poly1305_rtpsize"


class PacketWriter:
    """Writes to one voice connection. For one thread at a time; never blocks."""

    def __init__(self, state: VoiceConnectionState) -> None:
        self._state = state
        self._sequence = 0
        self._timestamp = 0
        self._counter = 0
        self._send = new_dispatch().send
        self._key_as_numbers: list[int] = []
        self._key = b""

    def write(self, opus: bytes) -> None:
        """Send one packet over the connection as it is now, which must be connected.

        Raises `OSError` where the socket does not take it: the packet is lost, as any may be.
        """
        state = self._state
        if state.secret_key is not self._key_as_numbers:  # a new one with every voice server
            self._key_as_numbers = state.secret_key
            self._key = bytes(state.secret_key)
        sequence = self._sequence = (self._sequence + 1) & 0xFFFF
        timestamp, counter = self._timestamp, self._counter
        self._timestamp = (timestamp + PACKET_SAMPLES) & 0xFFFFFFFF
        self._counter = (counter + 1) & 0xFFFFFFFF
        group = state.dave_session
        if group is not None and state.can_encrypt:
            opus = group.encrypt_opus(opus)
        self._send(state.socket, opus, (sequence, timestamp, state.ssrc), counter, self._key)
