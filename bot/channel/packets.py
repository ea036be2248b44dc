"""Opus packets as Discord's voice servers take them: numbered, and encrypted twice.

What `discord.VoiceClient.send_audio_packet` does for any mode and source, for the one mode and the
ready-made packets that there are here: one structure, one call of the cipher.
"""

import struct
from typing import Final

from discord.voice_state import VoiceConnectionState

from bot.channel.native_calls import new_cipher, send
from bot.speech.audio.opus import PACKET_SAMPLES

#: The header is authenticated; the counter at a packet's end, filled up with zeros, is the nonce
#: (Discord's voice documentation, "Transport Encryption").
MODE: Final = "aead_xchacha20_poly1305_rtpsize"
_HEADER = struct.Struct(">BBHII")
_COUNTER = struct.Struct(">I")
_VERSION_2, _OPUS = 0x80, 0x78
_NONCE_REST = bytes(24 - _COUNTER.size)


class PacketWriter:
    """Writes to one voice connection. For one thread at a time; never blocks."""

    def __init__(self, state: VoiceConnectionState) -> None:
        self._state = state
        self._sequence = 0
        self._timestamp = 0
        self._counter = 0
        self._cipher = new_cipher()
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
        self._sequence = (self._sequence + 1) & 0xFFFF
        header = _HEADER.pack(_VERSION_2, _OPUS, self._sequence, self._timestamp, state.ssrc)
        self._timestamp = (self._timestamp + PACKET_SAMPLES) & 0xFFFFFFFF
        counter = _COUNTER.pack(self._counter)
        self._counter = (self._counter + 1) & 0xFFFFFFFF
        if state.dave_session is not None and state.can_encrypt:
            opus = state.dave_session.encrypt_opus(opus)
        sealed = self._cipher.sealed(opus, header, counter + _NONCE_REST, self._key)
        send(state.socket, b"".join((header, sealed, counter)))
