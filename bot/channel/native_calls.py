"""Calls of C functions that keep the interpreter's lock.

Python's own bindings give it up around them. For a call of a microsecond that costs far more than
the call: whatever else wants to compute takes the lock, and the caller waits for it anew, up to
5 ms. The functions here take no longer, and never block.

Where a function cannot be called so, Python's binding is used. So it is on Windows: its extension
modules export nothing but themselves, and its sockets are no files.
"""

import ctypes
import importlib.util
import logging
import os
import socket
import struct
import sys
from typing import Any, Protocol

from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt as seal_with_binding

log = logging.getLogger(__name__)

#: What is sealed at most: no packet of Opus has more than 1,275 bytes, and end-to-end encryption
#: adds a few dozen.
MESSAGE_MAX_BYTES = 2048
_TAG_BYTES = 16
_KEY_BYTES = 32
_NONCE_BYTES = 24
#: Version, type, sequence number, time stamp and source (RFC 3550, 5.1).
_HEADER = struct.Struct(">BBHII")
_HEADER_BYTES = _HEADER.size
_VERSION_2, _OPUS = 0x80, 0x78
_COUNTER = struct.Struct(">I")
_NONCE_REST = bytes(_NONCE_BYTES - _COUNTER.size)


class Dispatch(Protocol):
    """Seals packets with XChaCha20-Poly1305, and sends them. For one thread at a time.

    The header is authenticated; the counter at the end, filled up with zeros, is the nonce
    (Discord's voice documentation, "Transport Encryption").
    """

    def send(
        self,
        to: socket.socket,
        opus: bytes,
        head: tuple[int, int, int],
        counter: int,
        key: bytes,
    ) -> None:
        """Send one packet to where a socket is connected. Raises `OSError` where it is not taken.

        `head` is its sequence number, time stamp and source. Raises `ValueError` for more than
        `MESSAGE_MAX_BYTES`.
        """


class _NativeDispatch:
    """Each packet is made and sent in the same memory."""

    def __init__(self, seal: Any, send: Any) -> None:
        self._seal, self._send = seal, send
        self._packet = ctypes.create_string_buffer(
            _HEADER_BYTES + MESSAGE_MAX_BYTES + _TAG_BYTES + _COUNTER.size
        )
        self._nonce = ctypes.create_string_buffer(_NONCE_BYTES)
        self._at = ctypes.addressof(self._packet)
        self._sealed_at = self._at + _HEADER_BYTES
        self._nonce_at = ctypes.addressof(self._nonce)

    def send(
        self,
        to: socket.socket,
        opus: bytes,
        head: tuple[int, int, int],
        counter: int,
        key: bytes,
    ) -> None:
        size, packet, at = len(opus), self._packet, self._at
        if size > MESSAGE_MAX_BYTES or len(key) != _KEY_BYTES:
            raise ValueError(f"not a packet: {size} bytes, with a key of {len(key)}")
        _HEADER.pack_into(packet, 0, _VERSION_2, _OPUS, *head)
        _COUNTER.pack_into(self._nonce, 0, counter)
        # Always succeeds (libsodium's documentation).
        self._seal(self._sealed_at, None, opus, size, at, _HEADER_BYTES, None, self._nonce_at, key)
        size += _HEADER_BYTES + _TAG_BYTES
        _COUNTER.pack_into(packet, size, counter)
        if self._send(to, at, size + _COUNTER.size, socket.MSG_DONTWAIT) < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


class _BindingDispatch:
    def send(
        self,
        to: socket.socket,
        opus: bytes,
        head: tuple[int, int, int],
        counter: int,
        key: bytes,
    ) -> None:
        header = _HEADER.pack(_VERSION_2, _OPUS, *head)
        end = _COUNTER.pack(counter)
        sealed: bytes = seal_with_binding(opus, header, end + _NONCE_REST, key)
        to.send(b"".join((header, sealed, end)))


def new_dispatch() -> Dispatch:
    if _seal is None or _send is None:
        return _BindingDispatch()
    return _NativeDispatch(_seal, _send)


class _Descriptor:
    """A socket's number. ctypes asks for it within the call, while the lock is kept.

    So no other thread can close the socket in between, and have its number given to another file.
    """

    from_param = socket.socket.fileno


def _function(library: str | None, name: str, result: Any, *arguments: Any) -> Any:
    """A function of a library, or of this process; None where it has none of this name."""
    try:
        function = getattr(ctypes.PyDLL(library, use_errno=True), name)
    except (OSError, AttributeError) as error:
        log.info("%s is called by Python's binding: %s", name, error)
        return None
    function.restype, function.argtypes = result, arguments
    return function


def _of_libsodium() -> Any:
    """The cipher that PyNaCl carries or has loaded; importing it above has prepared it."""
    module = importlib.util.find_spec("nacl._sodium")
    if sys.platform == "win32" or module is None:
        return None
    place, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_ulonglong
    # c, clen_p, m, mlen, ad, adlen, nsec, npub, k (libsodium's documentation)
    arguments = (place, place, text, size, place, size, place, place, text)
    name = "crypto_aead_xchacha20poly1305_ietf_encrypt"
    return _function(module.origin, name, ctypes.c_int, *arguments)


def _of_the_system() -> Any:
    if sys.platform == "win32":
        return None
    arguments = (_Descriptor, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return _function(None, "send", ctypes.c_ssize_t, *arguments)


_seal, _send = _of_libsodium(), _of_the_system()
