"""Files made to break their reader: each gets its sentence, and nothing is left behind.

There are a thousand with `--all`. By default it is a tenth: every strange file, and every mutation
of every format once. One of some kinds goes the whole way; the others are read by forks of one
child. They are drawn from one seed: a failure names a file that can be made again.
"""

import asyncio
import contextlib
import io
import itertools
import os
import struct
import sys
import zipfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
import psutil
import pytest
import soundfile

from bot.clips.judge import ClipLimits, ClipRefused, JudgedClip, judge
from engine.speech import FloatArray
from tests.bot.clips.conftest import Children
from tests.bot.clips.forked_child import ForkedChildren
from tests.bot.clips.recordings import FORMATS, RATE, encode, film_without_sound, repeated

#: How often every mutation meets every format.
ONCE, OFTEN = 1, 14
#: Refused by what they begin with, by what is in them, and late; and what may be speech.
WHOLE_WAY = ("png", "playlist", "not numbers", "long silence", "truncated", "flipped", "spliced")
#: Some files are speech all the same once they are mutated.
MOST_ACCEPTED = 0.08
AT_ONCE = 2
#: Enough to pass, undamaged.
LONG_S = 6.5
#: What the judging process may grow by over the whole corpus.
MOST_GROWTH_MIB = 64
LIMITS = ClipLimits(decode_cpu_s=10, decode_wall_s=20.0, decode_memory_mib=384)

Upload = tuple[str, bytes]
Judging = Callable[[Path], Awaitable[JudgedClip]]


def wav(samples: bytes, *, rate: int, channels: int, bits: int, code: int = 1) -> bytes:
    width = channels * bits // 8
    header = struct.pack(
        "<HHIIHH", code, channels & 0xFFFF, rate, rate * width & 0xFFFFFFFF, width & 0xFFFF, bits
    )
    body = b"fmt " + struct.pack("<I", 16) + header + b"data" + struct.pack("<I", len(samples))
    return b"RIFF" + struct.pack("<I", 4 + len(body) + len(samples)) + b"WAVE" + body + samples


def strange(pcm: FloatArray) -> Iterator[Upload]:
    second = bytes(2 * RATE)
    yield "empty", b""
    yield "one byte", b"R"
    yield "png", b"\x89PNG\r\n\x1a\n" + bytes(2000)
    yield "html", b"<!doctype html><audio src='file:///etc/passwd'></audio>"
    yield "elf", Path(sys.executable).read_bytes()[:200_000]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("bomb", bytes(10_000_000))
    yield "zip", archive.getvalue()
    for text in (
        "#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n",
        "#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:1/x.ts\n",
        "ffconcat version 1.0\nfile '/etc/passwd'\n",
        "concat:/etc/passwd|/etc/hostname",
        "1\n00:00:00,000 --> 00:00:05,000\nsubtitle\n",
        "[playlist]\nFile1=/etc/passwd\n",
        "<?xml version='1.0'?><MPD><BaseURL>file:///etc/passwd</BaseURL></MPD>",
    ):
        yield "playlist", text.encode()
    yield "film without sound", film_without_sound()
    for rate in (0, 1, 7_999, 192_001, 2**31, 2**32 - 1):
        yield "rate", wav(second, rate=rate, channels=1, bits=16)
    for channels in (0, 9, 64, 255, 65_535):
        yield "channels", wav(second, rate=RATE, channels=channels, bits=16)
    for bits in (0, 1, 7, 64, 65_535):
        yield "bits", wav(second, rate=RATE, channels=1, bits=bits)
    for value in (np.nan, np.inf, -np.inf, 3e38):
        broken = pcm.copy()
        broken[1000:2000] = value
        yield "not numbers", wav(broken.tobytes(), rate=RATE, channels=1, bits=32, code=3)
    silence = np.zeros(7 * RATE, np.float32)
    yield "long silence", encode(np.tile(silence, 43), "flac")  # its header has its length
    for name in ("mp3", "voice message"):
        yield "long silence", repeated(encode(silence, name), 43)
    for size in (10, 2**20, 2**28 - 1):
        tag = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
        yield "tags", b"ID3\x04\x00\x00" + tag + b"A" * min(size, 2**20) + b"\xff\xfb\x90\x00"


def truncated(random: Random, content: bytes) -> bytes:
    return content[: random.randrange(len(content))]


def flipped(random: Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(random.choice((1, 8, 64, 512))):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def wrong_header(random: Random, content: bytes) -> bytes:
    head = bytearray(content[:512])
    for _ in range(random.choice((4, 32))):
        head[random.randrange(len(head))] = random.choice((0, 0xFF, 0x7F, 0x80))
    return bytes(head) + content[512:]


def torn_out(random: Random, content: bytes) -> bytes:
    start = random.randrange(len(content))
    return content[:start] + content[start + random.randrange(4096) :]


def spliced(random: Random, content: bytes) -> bytes:
    start = random.randrange(len(content))
    return content[:start] + random.randbytes(random.randrange(1, 4096)) + content[start:]


def only_its_signature(random: Random, content: bytes) -> bytes:
    return content[: random.choice((12, 48))] + random.randbytes(2000)


MUTATIONS = (truncated, flipped, wrong_header, torn_out, spliced, only_its_signature)


def too_short(pcm: FloatArray) -> list[bytes]:
    """Every format with too little speech to pass: most need no look at the speaker."""
    return [encode(pcm[:RATE], name) for name in FORMATS]


def mutated(pcm: FloatArray, short: list[bytes], rounds: int) -> Iterator[Upload]:
    random = Random(20)
    long = [encode(pcm[: round(LONG_S * RATE)], name) for name in FORMATS]
    for turn in range(rounds * len(FORMATS)):
        sources = long if turn % 13 == 0 else short  # in time each format is damaged in both
        for mutate in MUTATIONS:
            yield mutate.__name__, mutate(random, sources[turn % len(FORMATS)])


@pytest.mark.timeout(1800)
async def test_a_thousand_hostile_files(
    spoken: dict[str, list[FloatArray]],
    tmp_path: Path,
    pytestconfig: pytest.Config,
    children: Children,
) -> None:
    """No crash, no hang, no file, no process; a sentence each; and hardly any memory here."""
    pcm = np.concatenate(spoken["heart"])
    rounds = OFTEN if pytestconfig.getoption("--all") else ONCE
    short = too_short(pcm)
    outcomes: Counter[tuple[str, str]] = Counter()
    largest_of: Counter[str] = Counter()
    # Made beforehand: what making them takes is not what judging them takes.
    kinds: dict[Path, str] = {}
    corpus = itertools.chain(strange(pcm), mutated(pcm, short, rounds))
    for number, (kind, content) in enumerate(corpus):
        upload = tmp_path / str(number)
        upload.write_bytes(content)
        kinds[upload] = kind
        largest_of[kind] = max(largest_of[kind], len(content))
    first_of = {kind: upload for upload, kind in reversed(kinds.items())}
    whole_way = {kind: first_of[kind] for kind in WHOLE_WAY}
    first = [(upload, kind) for kind, upload in whole_way.items()]
    others = [(upload, kind) for upload, kind in kinds.items() if upload != whole_way.get(kind)]

    async def work(uploads: Iterator[tuple[Path, str]], judging: Judging) -> None:
        for upload, kind in uploads:
            try:
                clip = await asyncio.wait_for(judging(upload), 60)
                outcome = "accepted"
                # Harmless: what is left is speech all the same.
                assert clip.voiced_s >= LIMITS.min_voiced_s
                assert soundfile.info(io.BytesIO(clip.flac)).samplerate == RATE
            except ClipRefused as refused:
                outcome = str(refused)
                assert outcome[0].isupper()
                assert outcome[-1] == "."
            upload.unlink()
            outcomes[kind, " ".join(outcome.split()[:6])] += 1

    before = psutil.Process().memory_info().rss
    largest = before
    with contextlib.ExitStack() as stack:
        judging: list[Judging] = [partial(judge, limits=LIMITS)] * AT_ONCE
        for part in first, others:
            uploads = iter(part)
            workers = [asyncio.create_task(work(uploads, one)) for one in judging]
            while not all(worker.done() for worker in workers):
                largest = max(largest, psutil.Process().memory_info().rss)
                await asyncio.sleep(0.02)
            for worker in workers:
                await worker
            if os.name != "posix":
                continue
            judging = [
                stack.enter_context(contextlib.closing(ForkedChildren(LIMITS))).judge
                for _ in range(AT_ONCE)
            ]
    for (kind, outcome), count in sorted(outcomes.items()):
        print(f"{count:4d} {kind:20s} {outcome}")
    print(f"parent grew by {(largest - before) / 2**20:.0f} MiB")
    assert sum(outcomes.values()) == len(kinds) >= (1_040 if rounds == OFTEN else 108)
    accepted = sum(count for (_, outcome), count in outcomes.items() if outcome == "accepted")
    print(f"{accepted} of {len(kinds)} accepted")
    assert accepted <= MOST_ACCEPTED * len(kinds)
    assert largest - before < MOST_GROWTH_MIB * 2**20
    assert not list(tmp_path.iterdir())
    assert not children()
    damages = {mutation.__name__ for mutation in MUTATIONS}
    assert damages < first_of.keys()
    # Damage met files that would have passed, too: no short one is as large.
    for mutation in (flipped, wrong_header, torn_out, spliced):
        assert largest_of[mutation.__name__] > 1.1 * max(map(len, short)), mutation
    assert not [kind for kind, outcome in outcomes if outcome == "accepted" and kind not in damages]
