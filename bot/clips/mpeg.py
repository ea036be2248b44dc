"""Where MP3 begins in a file that begins with something else. Runs in the child process only.

Recorders and editors put zero bytes, damaged tags and half a frame before the first whole one, and
players look for it. Frame headers are those of ISO/IEC 11172-3 and 13818-3, layer III.
"""

import re
from typing import NamedTuple

#: How far is looked: longer than a tag with a large picture.
SEARCHED_BYTES = 4 * 2**20
#: So many frames, one right behind the other, are no accident: about one in 2**60 random places.
_IN_A_ROW = 4

#: Eleven set bits, two of the version, and layer III.
_SYNC = re.compile(rb"\xff(?=[\xe2\xe3\xf2\xf3\xfa\xfb])")
_KBPS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBPS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
#: By the two bits of the version; 1 is reserved. MPEG 2.5, 2 and 1.
_RATES = {
    0: (11_025, 12_000, 8_000),
    2: (22_050, 24_000, 16_000),
    3: (44_100, 48_000, 32_000),
}


class _Frame(NamedTuple):
    """What a header says: all frames of a file have the version and rate in common."""

    version: int
    rate: int
    length: int


def first_frame(content: bytes) -> int | None:
    """The offset of the first of several whole frames in a row; None where there are none."""
    places = (match.start() for match in _SYNC.finditer(content))
    return next((at for at in places if _goes_on(content, at)), None)


def _goes_on(content: bytes, at: int) -> bool:
    first = frame = _frame(content, at)
    for _ in range(_IN_A_ROW - 1):
        if frame is None or first is None:
            return False
        at += frame.length
        frame = _frame(content, at)
        if frame is None or frame[:2] != first[:2]:
            return False
    return True


def _frame(content: bytes, at: int) -> _Frame | None:
    header = content[at : at + 4]
    if len(header) < 4 or not _SYNC.match(header):
        return None
    version = header[1] >> 3 & 3
    kbps_at, rate_at = header[2] >> 4, header[2] >> 2 & 3
    if version not in _RATES or kbps_at in (0, 15) or rate_at == 3:
        return None
    rate = _RATES[version][rate_at]
    kbps, samples = (_KBPS_1, 1152) if version == 3 else (_KBPS_2, 576)
    return _Frame(version, rate, samples // 8 * kbps[kbps_at] * 1000 // rate + (header[2] >> 1 & 1))
