"""RTP packets as Discord's voice servers take them, and their transport encryption.

Mode `aead_xchacha20_poly1305_rtpsize`: the 12-byte header is the associated data, the nonce is the
packet's last four bytes followed by zeros.
"""

import struct
from dataclasses import dataclass

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

MODE = "aead_xchacha20_poly1305_rtpsize"
HEADER_BYTES = 12
_VERSION_2 = 0x80
_OPUS = 0x78
_RECEIVER_REPORT = 201
_NONCE_SUFFIX_BYTES = 4
_NONCE_BYTES = 24


class BadPacket(ValueError):
    """A datagram that a voice server would drop."""


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """A received packet, its payload still encrypted."""

    header: bytes
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes

    def opened(self, key: bytes) -> bytes:
        """The payload without transport encryption. Raises `BadPacket` for a wrong key."""
        if len(self.payload) < _NONCE_SUFFIX_BYTES:
            raise BadPacket("no room for a nonce")
        sealed = self.payload[:-_NONCE_SUFFIX_BYTES]
        nonce = self.payload[-_NONCE_SUFFIX_BYTES:].ljust(_NONCE_BYTES, b"\0")
        try:
            opened: bytes = crypto_aead_xchacha20poly1305_ietf_decrypt(
                sealed, self.header, nonce, key
            )
        except CryptoError as error:
            raise BadPacket("the payload does not open with this connection's key") from error
        return opened


def parse(datagram: bytes) -> RtpPacket:
    """The packet in `datagram`. Raises `BadPacket` for anything but plain RTP with Opus."""
    if len(datagram) < HEADER_BYTES:
        raise BadPacket("shorter than an RTP header")
    first, kind, sequence, timestamp, ssrc = struct.unpack_from(">BBHII", datagram)
    if (first, kind & 0x7F) != (_VERSION_2, _OPUS):
        raise BadPacket(f"not plain RTP version 2 with Opus: {first:#x} {kind:#x}")
    header = datagram[:HEADER_BYTES]
    return RtpPacket(header, sequence, timestamp, ssrc, datagram[HEADER_BYTES:])


def receiver_report(ssrc: int, key: bytes, counter: int) -> bytes:
    """What a voice server sends back now and then: an RTCP report (RFC 3550, 6.4.2) without news.

    `counter` must not repeat for one key.
    """
    header = struct.pack(">BBHI", _VERSION_2 | 1, _RECEIVER_REPORT, 7, ssrc)
    block = struct.pack(">I20x", ssrc)
    suffix = struct.pack(">I", counter)
    nonce = suffix.ljust(_NONCE_BYTES, b"\0")
    sealed: bytes = crypto_aead_xchacha20poly1305_ietf_encrypt(block, header, nonce, key)
    return header + sealed + suffix
