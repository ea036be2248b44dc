"""The few MLS structures that a voice server writes and reads (RFC 9420).

The server is the group's external sender: it proposes who is added or removed, and the members
commit. It never holds a key of the group.
"""

import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_MLS10 = 1
_PUBLIC_MESSAGE = 1
_BASIC_CREDENTIAL = 1
_SENDER_MEMBER = 1
_SENDER_EXTERNAL = 2
_CONTENT_PROPOSAL = 2
_CONTENT_COMMIT = 3
_PROPOSAL_ADD = 1
_PROPOSAL_REMOVE = 3
_LEAF_FROM_KEY_PACKAGE = 1
_LEAF_FROM_COMMIT = 3


class MalformedMls(ValueError):
    """A client sent bytes that are not the MLS structure they should be."""


def vector(content: bytes) -> bytes:
    """A variable-length vector: length as in RFC 9420 section 2.1.2, then the content."""
    length = len(content)
    if length < 1 << 6:
        return bytes([length]) + content
    if length < 1 << 14:
        return struct.pack(">H", length | 0x4000) + content
    if length < 1 << 30:
        return struct.pack(">I", length | 0x8000_0000) + content
    raise MalformedMls(f"{length} bytes do not fit into a vector")


class ExternalSender:
    """The voice server's signing identity (P-256, the curve of DAVE's cipher suite)."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def package(self) -> bytes:
        """ExternalSender, section 12.1.8.1: what members check proposals against."""
        public = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        credential = struct.pack(">H", _BASIC_CREDENTIAL) + vector(b"loopback voice server")
        return vector(public) + credential

    def propose_add(self, group_id: int, epoch: int, key_package: bytes) -> bytes:
        """A signed MLSMessage proposing to add the owner of `key_package`."""
        return self._proposal(group_id, epoch, struct.pack(">H", _PROPOSAL_ADD) + key_package)

    def propose_remove(self, group_id: int, epoch: int, leaf_index: int) -> bytes:
        """A signed MLSMessage proposing to remove the member at `leaf_index`."""
        return self._proposal(group_id, epoch, struct.pack(">HI", _PROPOSAL_REMOVE, leaf_index))

    def _proposal(self, group_id: int, epoch: int, proposal: bytes) -> bytes:
        # FramedContentTBS, section 6.1: for an external sender, nothing follows the content.
        to_be_signed = b"".join(
            (
                struct.pack(">HH", _MLS10, _PUBLIC_MESSAGE),
                vector(struct.pack(">Q", group_id)),
                struct.pack(">Q", epoch),
                struct.pack(">BI", _SENDER_EXTERNAL, 0),
                vector(b""),  # authenticated data
                bytes([_CONTENT_PROPOSAL]),
                proposal,
            )
        )
        # SignWithLabel, section 5.1.2.
        labelled = vector(b"MLS 1.0 FramedContentTBS") + vector(to_be_signed)
        return to_be_signed + vector(self._key.sign(labelled, ec.ECDSA(hashes.SHA256())))


def split_commit_and_welcome(both: bytes) -> tuple[bytes, bytes | None]:
    """The commit (an MLSMessage) and the optional welcome that a client sends joined together."""
    reader = _Reader(both)
    version, wire_format = reader.integers(">HH")
    if (version, wire_format) != (_MLS10, _PUBLIC_MESSAGE):
        raise MalformedMls(f"expected a public message, got format {wire_format}")
    reader.vector()  # group id
    reader.integers(">Q")  # epoch
    sender, _ = reader.integers(">BI")
    if sender != _SENDER_MEMBER:
        raise MalformedMls(f"a commit comes from a member, not from sender type {sender}")
    reader.vector()  # authenticated data
    (content,) = reader.integers(">B")
    if content != _CONTENT_COMMIT:
        raise MalformedMls(f"expected a commit, got content type {content}")
    reader.vector()  # proposals
    (has_path,) = reader.integers(">B")
    if has_path:
        _skip_leaf_node(reader)
        reader.vector()  # path nodes
    reader.vector()  # signature
    reader.vector()  # confirmation tag
    reader.vector()  # membership tag
    return both[: reader.position], both[reader.position :] or None


def _skip_leaf_node(reader: "_Reader") -> None:
    reader.vector()  # encryption key
    reader.vector()  # signature key
    (credential,) = reader.integers(">H")
    if credential != _BASIC_CREDENTIAL:
        raise MalformedMls(f"DAVE has basic credentials only, not type {credential}")
    reader.vector()  # identity
    for _ in range(5):  # capabilities
        reader.vector()
    (source,) = reader.integers(">B")
    if source == _LEAF_FROM_KEY_PACKAGE:
        reader.integers(">QQ")  # lifetime
    elif source == _LEAF_FROM_COMMIT:
        reader.vector()  # parent hash
    reader.vector()  # extensions
    reader.vector()  # signature


class _Reader:
    """Steps through TLS presentation language."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def integers(self, layout: str) -> tuple[int, ...]:
        return struct.unpack(layout, self._take(struct.calcsize(layout)))

    def vector(self) -> bytes:
        first = self._take(1)[0]
        if first >> 6 == 3:
            raise MalformedMls("a vector's length has an invalid prefix")
        length = bytes([first & 0x3F]) + self._take((0, 1, 3)[first >> 6])
        return self._take(int.from_bytes(length, "big"))

    def _take(self, count: int) -> bytes:
        taken = self._data[self.position : self.position + count]
        if len(taken) != count:
            raise MalformedMls("the message ends too early")
        self.position += count
        return taken
