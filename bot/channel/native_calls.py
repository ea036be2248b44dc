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
import sys
from typing import Any, Protocol

from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt as seal_with_binding

log = logging.getLogger(__name__)

#: What a cipher seals at most: no packet of Opus has more than 1,275 bytes, and end-to-end
#: encryption adds a few dozen.
MESSAGE_MAX_BYTES = 2048
_TAG_BYTES = 16


class Cipher(Protocol):
    """XChaCha20-Poly1305. For one thread at a time."""

    def sealed(self, message: bytes, header: bytes, nonce: bytes, key: bytes) -> bytes | memoryview:
        """`message`, encrypted, and its tag, which authenticates `header` too.

        It is valid until the next call. Raises `ValueError` for more than `MESSAGE_MAX_BYTES`.
        """


class _NativeCipher:
    def __init__(self, function: Any) -> None:
        self._function = function
        self._buffer = ctypes.create_string_buffer(MESSAGE_MAX_BYTES + _TAG_BYTES)
        self._view = memoryview(self._buffer).cast("B")

    def sealed(self, message: bytes, header: bytes, nonce: bytes, key: bytes) -> memoryview:
        size = len(message)
        if size > MESSAGE_MAX_BYTES or len(nonce) != 24 or len(key) != 32:
            raise ValueError(f"not a packet: {size} bytes, with {len(nonce)} and {len(key)}")
        into, associated = self._buffer, len(header)
        # Always succeeds (libsodium's documentation).
        self._function(into, None, message, size, header, associated, None, nonce, key)
        return self._view[: size + _TAG_BYTES]


class _BindingCipher:
    def sealed(self, message: bytes, header: bytes, nonce: bytes, key: bytes) -> bytes:
        return seal_with_binding(message, header, nonce, key)


def new_cipher() -> Cipher:
    return _BindingCipher() if _seal is None else _NativeCipher(_seal)


def send(to: socket.socket, packet: bytes) -> None:
    """Send a datagram to where a socket is connected. Raises `OSError` where it is not taken."""
    if _send is None:
        to.send(packet)
    elif _send(to, packet, len(packet), socket.MSG_DONTWAIT) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


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
    text, size = ctypes.c_char_p, ctypes.c_ulonglong
    # c, clen_p, m, mlen, ad, adlen, nsec, npub, k (libsodium's documentation)
    arguments = (ctypes.c_void_p, ctypes.c_void_p, text, size, text, size, text, text, text)
    name = "crypto_aead_xchacha20poly1305_ietf_encrypt"
    return _function(module.origin, name, ctypes.c_int, *arguments)


def _of_the_system() -> Any:
    if sys.platform == "win32":
        return None
    arguments = (_Descriptor, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int)
    return _function(None, "send", ctypes.c_ssize_t, *arguments)


_seal, _send = _of_libsodium(), _of_the_system()
