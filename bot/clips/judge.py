"""Judge an upload: is it one person's voice, long and clean enough to learn from.

The content is read only by a child process; this side never blocks the event loop and never holds
the upload in memory.
"""

import asyncio
import hashlib
import io
import logging
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import msgspec
import numpy as np

from bot.base.errors import UserError
from bot.clips.confinement import EXIT_MEMORY
from bot.clips.limits import ClipLimits, Task
from bot.clips.statement import Statement
from bot.clips.verdict import SAMPLE_RATE, Accepted, Proven, Refused, Verdict
from engine import cores

__all__ = ["ClipLimits", "ClipRefused", "JudgedClip", "Proven", "judge", "prove"]

_ROOT = Path(__file__).parents[2]  # so that the child can import `bot`
#: A verdict is at most a clip and its pauses, in int16.
_MAX_VERDICT_BYTES = 16 * 2**20
_MAX_COMPLAINT_BYTES = 64 * 2**10
#: All that the child is told of this process's environment: the bot's token is not in it.
_ENVIRONMENT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")
_SAMPLES_PER_FRAME = 4096

_TOO_MUCH_WORK = "This file is too complicated to read; please send a simpler, shorter recording."
_UNREADABLE = "I could not read this file; please export or record it again."

log = logging.getLogger(__name__)


class ClipRefused(UserError):
    """The clip cannot become a voice. `str` says what was heard and how to do better."""


@dataclass(frozen=True, slots=True)
class JudgedClip:
    """A clip that can become a voice.

    `flac` is mono, 16 bit, 24 kHz, and `sha256` its lower-case hex digest. `duration_s` is the
    length of that file, `voiced_s` how much of it is speech. The other figures are of the upload,
    before its loudness was normalised: `snr_db` between speech and background, `loudness_lufs` by
    ITU-R BS.1770-4, `clipped_share` of the samples, and `speaker_similarity` (cosine, at most 1)
    between the two most different parts. `voiceprint` is as in `Accepted`.
    """

    flac: bytes
    sha256: str
    duration_s: float
    voiced_s: float
    snr_db: float
    loudness_lufs: float
    clipped_share: float
    speaker_similarity: float
    voiceprint: bytes


async def judge(upload: Path, limits: ClipLimits) -> JudgedClip:
    """Judge the file at `upload`, which stays where it is.

    Raises `ClipRefused` with what was heard and how to do better, and `OSError` where the file
    cannot be opened or no process started. Takes a core for a second and up to
    `limits.decode_memory_mib`: the caller says how many may run at once.
    """
    verdict = await _verdict_on(upload, Task(limits=limits))
    if not isinstance(verdict, Accepted):
        raise _refusal(verdict)
    return await asyncio.to_thread(_clip_of, verdict)


async def prove(recording: Path, clip: Path, statement: Statement, limits: ClipLimits) -> Proven:
    """Whether whoever says `statement` in the file at `recording` is the voice of a judged clip.

    Raises as `judge` does, and costs as much.
    """
    task = Task(limits=limits, statement=statement, clip_path=str(clip))
    verdict = await _verdict_on(recording, task)
    if not isinstance(verdict, Proven):
        raise _refusal(verdict)
    return verdict


async def _verdict_on(upload: Path, task: Task) -> Verdict:
    limits = task.limits
    file = await asyncio.to_thread(upload.open, "rb")
    try:
        if os.fstat(file.fileno()).st_size > limits.max_upload_bytes:
            raise ClipRefused(
                "The file is larger than {most:g} MiB; please send a shorter one.",
                most=limits.max_upload_mib,
            )
        return await _verdict_of(file, task)
    finally:
        file.close()


def _refusal(verdict: Verdict) -> ClipRefused:
    if isinstance(verdict, Refused):
        return ClipRefused(verdict.sentence, **verdict.values)
    log.error("a clip's child process answered another question")
    return ClipRefused(_UNREADABLE)


async def _verdict_of(file: BinaryIO, task: Task) -> Verdict:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-X", "utf8", "-m", "bot.clips.child", msgspec.json.encode(task).decode()),
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=_ROOT.anchor,
        env={
            "PYTHONPATH": str(_ROOT),
            **{name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            "PYTHONDONTWRITEBYTECODE": "1",
            # One clip, one core: the others play and listen.
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        },
        # A group, to be killed whole, and no session: Linux weighs sessions against each other, and
        # only inside one does it heed that the child steps back behind the bot.
        process_group=0 if os.name == "posix" else None,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    cores.give_all(child.pid)  # the thread that started it may be kept on one
    assert child.stdout
    assert child.stderr
    try:
        async with asyncio.timeout(task.limits.decode_wall_s):
            said, complaint = await asyncio.gather(
                _read(child.stdout, _MAX_VERDICT_BYTES), _read(child.stderr, _MAX_COMPLAINT_BYTES)
            )
            await child.wait()
    except TimeoutError:
        raise ClipRefused(_TOO_MUCH_WORK) from None
    finally:
        if child.returncode is None:
            _kill(child.pid)
            await child.wait()
    return _understood(said, complaint, child.returncode)


def _kill(pid: int) -> None:
    """Kill a process and, where there is such a thing, all of its group."""
    if sys.platform == "win32":
        os.kill(pid, signal.SIGTERM)
    else:
        os.killpg(pid, signal.SIGKILL)


async def _read(pipe: asyncio.StreamReader, most: int) -> bytes:
    """The first `most` bytes of a pipe, read to its end so that its writer is never held up."""
    kept = bytearray()
    while block := await pipe.read(2**16):
        kept += block[: most - len(kept)]
    return bytes(kept)


def _understood(said: bytes, complaint: bytes, exit_code: int | None) -> Verdict:
    if exit_code == 0:
        try:
            verdict: Verdict = msgspec.msgpack.decode(said, type=Verdict)
            return verdict
        except msgspec.MsgspecError:
            log.exception("a clip's child process said something else than a verdict")
            raise ClipRefused(_UNREADABLE) from None
    # What a hostile file does to its reader is the file's fault, and expected.
    log.warning(
        "a clip's child process ended early",
        extra={"exit_code": exit_code, "complaint": complaint[-2000:].decode("utf-8", "replace")},
    )
    if b"MemoryError" in complaint or exit_code == EXIT_MEMORY or (exit_code or 0) < 0:
        raise ClipRefused(_TOO_MUCH_WORK)
    raise ClipRefused(_UNREADABLE)


def _clip_of(verdict: Accepted) -> JudgedClip:
    samples = np.frombuffer(verdict.pcm, "<i2")
    flac = _flac(samples)
    return JudgedClip(
        flac=flac,
        sha256=hashlib.sha256(flac).hexdigest(),
        duration_s=len(samples) / SAMPLE_RATE,
        voiced_s=verdict.voiced_s,
        snr_db=verdict.snr_db,
        loudness_lufs=verdict.loudness_lufs,
        clipped_share=verdict.clipped_share,
        speaker_similarity=verdict.speaker_similarity,
        voiceprint=verdict.voiceprint,
    )


def _flac(samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE, layout="mono")
        for start in range(0, len(samples), _SAMPLES_PER_FRAME):
            block = samples[None, start : start + _SAMPLES_PER_FRAME]
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
            frame.sample_rate = SAMPLE_RATE
            frame.time_base = Fraction(1, SAMPLE_RATE)
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()
