"""Takes packets out of Ogg files, as RFC 3533 has them, and makes files of them.

Without ffmpeg, which gives up the interpreter's lock for each packet: while hundreds of servers are
spoken to, having it back takes longer than the rest.
"""

import itertools
import struct
import zlib
from collections.abc import Iterator, Sequence

#: "OggS", version, flags, granule position, stream, page number, checksum, number of segments
_PAGE = struct.Struct("<4sBBqIIIB")
_CHECKSUM = slice(22, 26)
_CONTINUED, _FIRST, _LAST = 1, 2, 4
#: How many segments of up to 255 bytes a page may have, and how many packets ours have.
_SEGMENTS, _PACKETS = 255, 50

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


def file_of(
    headers: Sequence[bytes], packets: Sequence[bytes], *, packet_samples: int, samples: int
) -> bytes:
    """A file of one stream. `packets` last `packet_samples` each, all of them `samples` in the end.

    No packet may be longer than a page, 65,024 bytes.
    """
    stream = zlib.crc32(packets[0]) if packets else 0
    pages = [
        _page(0 if number else _FIRST, 0, stream, number, [header])
        for number, header in enumerate(headers)
    ]
    done = 0
    while done < len(packets):
        begin, segments = done, 0
        while done < min(begin + _PACKETS, len(packets)):
            segments += len(packets[done]) // 255 + 1
            if segments > _SEGMENTS:
                break
            done += 1
        last = done == len(packets)
        granule = samples if last else done * packet_samples
        flags = _LAST if last else 0
        pages.append(_page(flags, granule, stream, len(pages), packets[begin:done]))
    return b"".join(pages)


def _page(
    flags: int, granule: int, stream: int, number: int, whole_packets: Sequence[bytes]
) -> bytes:
    lengths = b"".join(
        b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in whole_packets
    )
    head = _PAGE.pack(b"OggS", 0, flags, granule, stream, number, 0, len(lengths))
    page = bytearray(b"".join((head, lengths, *whole_packets)))
    page[_CHECKSUM] = _checksum(page).to_bytes(4, "little")
    return bytes(page)


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


def _checksum(page: bytes | bytearray) -> int:
    blank = bytearray(page)
    blank[_CHECKSUM] = bytes(4)
    turned = blank.translate(_TURNED)
    value = 0xFFFFFFFF
    for start in range(0, len(turned), _AT_ONCE):
        value = zlib.crc32(turned[start : start + _AT_ONCE], value)
    return int.from_bytes((value ^ 0xFFFFFFFF).to_bytes(4, "little").translate(_TURNED), "big")
