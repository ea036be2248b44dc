"""Takes packets out of Ogg files, as RFC 3533 has them.

Without ffmpeg, which gives up the interpreter's lock for each packet: while hundreds of servers are
spoken to, having it back takes longer than the rest.
"""

import itertools
import struct
import zlib
from collections.abc import Iterator

#: "OggS", version, flags, granule position, stream, page number, checksum, number of segments
_PAGE = struct.Struct("<4sBBqIIIB")
_CHECKSUM = slice(22, 26)
_CONTINUED = 1

#: zlib's checksum is Ogg's of bytes whose bits are turned around, but for its own first and last
#: step.
_TURNED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
#: Of more at once, zlib gives up the lock.
_AT_ONCE = 4096


class NotOgg(ValueError):
    """Bytes are no whole Ogg file of one stream."""


def packets(ogg: bytes) -> list[bytes]:
    """All packets of the one stream in a file, its headers too. Raises `NotOgg`."""
    found: list[bytes] = []
    begun = b""
    open_packet = False
    for flags, lengths, body in _pages(ogg):
        if bool(flags & _CONTINUED) != open_packet:
            raise NotOgg("a part of a packet is missing")
        start = end = 0
        for length in lengths:
            end += length
            open_packet = length == 255
            if not open_packet:
                found.append(begun + body[start:end])
                begun, start = b"", end
        begun += body[start:end]
    if open_packet:
        raise NotOgg("it ends within a packet")
    return found


def _pages(ogg: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Of each page its flags, the lengths of its segments, and what is in them."""
    position = 0
    stream = None
    for number in itertools.count():
        if position == len(ogg):
            return
        body = position + _PAGE.size
        if body > len(ogg):
            break
        mark, version, flags, _, of, at, checksum, count = _PAGE.unpack_from(ogg, position)
        lengths = ogg[body : body + count]
        body += count
        end = body + sum(lengths)
        if mark != b"OggS" or version or end > len(ogg) or len(lengths) != count:
            break
        if at != number or stream not in (None, of):
            raise NotOgg("a page is missing, or of another stream")
        stream = of
        if _checksum(ogg[position:end]) != checksum:
            raise NotOgg("a page is damaged")
        yield flags, lengths, ogg[body:end]
        position = end
    raise NotOgg("it is no sequence of pages")


def _checksum(page: bytes) -> int:
    blank = bytearray(page)
    blank[_CHECKSUM] = bytes(4)
    turned = blank.translate(_TURNED)
    value = 0xFFFFFFFF
    for start in range(0, len(turned), _AT_ONCE):
        value = zlib.crc32(turned[start : start + _AT_ONCE], value)
    return int.from_bytes((value ^ 0xFFFFFFFF).to_bytes(4, "little").translate(_TURNED), "big")
