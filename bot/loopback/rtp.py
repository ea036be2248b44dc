"""RTP packets as Discord's voice servers take them, and their transport encryption.

Mode `aead_xchacha20_poly1305_rtpsize`: the 12-byte header is the associated data, the nonce is the
packet's last four bytes followed by zeros.
"""

import struct

import msgspec

# What PyNaCl's own function does before and after this one takes three times as long.
from nacl._sodium import ffi, lib  # type: ignore[import-not-found]
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt

MODE = "aead_xchacha20_poly1305_rtpsize"
HEADER_BYTES = 12
_VERSION_2 = 0x80
_OPUS = 0x78
_RECEIVER_REPORT = 201
_NONCE_SUFFIX_BYTES = 4
_NONCE_BYTES = 24
_TAG_BYTES = 16
_HEADER = struct.Struct(">BBHII")
#: What a packet is longer than its frame of Opus, where that is not end-to-end encrypted.
SEALED_BYTES = HEADER_BYTES + _TAG_BYTES + _NONCE_SUFFIX_BYTES
_NONCE_REST = bytes(_NONCE_BYTES - _NONCE_SUFFIX_BYTES)


class BadPacket(ValueError):
    """A datagram that a voice server would drop."""


class RtpPacket(msgspec.Struct, frozen=True, gc=False):
    """A received packet, its payload still encrypted."""

    header: bytes
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes

    def opened(self, key: bytes) -> bytes:
        """The payload without transport encryption. Raises `BadPacket` for a wrong key."""
        sealed_bytes = len(self.payload) - _NONCE_SUFFIX_BYTES
        if sealed_bytes < _TAG_BYTES:
            raise BadPacket("no room for a tag and a nonce")
        opened = ffi.new("unsigned char[]", sealed_bytes)
        # m, mlen_p, nsec, c, clen, ad, adlen, npub, k (libsodium's documentation)
        if lib.crypto_aead_xchacha20poly1305_ietf_decrypt(
            opened,
            ffi.NULL,
            ffi.NULL,
            self.payload,
            sealed_bytes,
            self.header,
            len(self.header),
            self.payload[sealed_bytes:] + _NONCE_REST,
            key,
        ):
            raise BadPacket("the payload does not open with this connection's key")
        return bytes(ffi.buffer(opened, sealed_bytes - _TAG_BYTES))


def ssrc_of(datagram: bytes) -> int:
    """Which connection a datagram is of. Raises as `parse` does."""
    if len(datagram) < HEADER_BYTES:
        raise BadPacket("shorter than an RTP header")
    first, kind, _, _, ssrc = _HEADER.unpack_from(datagram)
    if first != _VERSION_2 or kind & 0x7F != _OPUS:
        raise BadPacket(f"not plain RTP version 2 with Opus: {first:#x} {kind:#x}")
    return int(ssrc)


def parse(datagram: bytes) -> RtpPacket:
    """The packet in `datagram`. Raises `BadPacket` for anything but plain RTP with Opus."""
    ssrc = ssrc_of(datagram)
    _, _, sequence, timestamp, _ = _HEADER.unpack_from(datagram)
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
