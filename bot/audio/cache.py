"""Rendered speech on disk, by content: Ogg Opus files whose keys and last use are in SQLite.

A file is written whole under another name and then renamed, and recorded only after that, so a
crash leaves either a usable rendering or an unknown file that `verify` removes.
"""

import asyncio
import logging
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bot.audio import opus
from bot.audio.loudness import normalise
from data.rows import SpeechKey
from data.store import Store
from engine.speech import Speech, Voice

log = logging.getLogger(__name__)


class Codec(msgspec.Struct, frozen=True):
    """Everything between PCM and packets that changes the sound. Part of the cache key."""

    loudness_lufs: float
    true_peak_max_dbtp: float
    opus_kbps: int


@dataclass(frozen=True, slots=True)
class Rendering:
    """A file in the cache and the packets in it."""

    path: Path
    packets: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class CacheReport:
    """What `verify` found and mended."""

    sound: int  # renderings that are as they should be
    unreadable: int  # recorded, but the file is missing or damaged: forgotten
    unknown: int  # files that nothing recorded: removed
    size_bytes: int


class SpeechCache:
    """A size-bounded cache of renderings; the least recently used go first."""

    def __init__(self, home: Path, store: Store, codec: Codec, *, max_bytes: int) -> None:
        self._home = home
        self._folder = home / "speech"
        self._store = store
        self._max_bytes = max_bytes
        self.codec = codec

    async def get(self, key: str) -> Rendering | None:
        """The rendering of `key`, or None. A damaged file counts as none and is forgotten."""
        row = await self._store.speech.get(key)
        if row is None:
            return None
        path = self._home / row.path
        try:
            packets = await asyncio.to_thread(opus.read_packets, path)
        except (OSError, opus.OpusFileError) as error:
            log.warning("rendering lost", extra={"key": key, "reason": str(error)})
            await self._remove([row])
            return None
        return Rendering(path, tuple(packets))

    async def put(self, key: str, speech: Speech, voice: Voice) -> Rendering:
        """Bring `speech` to its loudness, encode and keep it; make room if it is too much."""
        path = self._folder / key[:2] / f"{key}.ogg"
        packets, size = await asyncio.to_thread(self._render, speech, path)
        await self._store.speech.record(
            key=key,
            voice_identity=voice.identity,
            path=path.relative_to(self._home).as_posix(),
            size_bytes=size,
            duration_s=speech.duration_s,
        )
        await self._remove(await self._store.speech.beyond(self._max_bytes))
        return Rendering(path, tuple(packets))

    async def rows(self) -> list[SpeechKey]:
        """What is kept, the most recently used first."""
        return await self._store.speech.all()

    async def clear(self) -> int:
        """Remove every rendering; returns how many there were."""
        rows = await self._store.speech.all()
        await self._remove(rows)
        return len(rows)

    async def verify(self) -> CacheReport:
        """Check every rendering, forget damaged ones, and remove files that nothing recorded.

        Not while another process renders into the same folder: its newest file would look unknown.
        """
        rows = await self._store.speech.all()
        damaged = await asyncio.to_thread(self._damaged, rows)
        await self._remove(damaged)
        gone = {row.key for row in damaged}
        kept = [row for row in rows if row.key not in gone]
        unknown = await asyncio.to_thread(
            self._remove_unknown, {self._home / row.path for row in kept}
        )
        return CacheReport(len(kept), len(damaged), unknown, sum(row.size_bytes for row in kept))

    def _render(self, speech: Speech, path: Path) -> tuple[list[bytes], int]:
        pcm = normalise(
            speech.pcm,
            speech.sample_rate,
            target_lufs=self.codec.loudness_lufs,
            max_dbtp=self.codec.true_peak_max_dbtp,
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{secrets.token_hex(4)}.part")
        try:
            packets = opus.encode(pcm, speech.sample_rate, unfinished, kbps=self.codec.opus_kbps)
            size = unfinished.stat().st_size
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        return packets, size

    def _damaged(self, rows: Iterable[SpeechKey]) -> list[SpeechKey]:
        found = []
        for row in rows:
            path = self._home / row.path
            try:
                whole = path.stat().st_size == row.size_bytes and bool(opus.read_packets(path))
            except (OSError, opus.OpusFileError):
                whole = False
            if not whole:
                found.append(row)
        return found

    def _remove_unknown(self, known: set[Path]) -> int:
        unknown = [path for path in self._folder.rglob("*") if path.is_file() and path not in known]
        for path in unknown:
            path.unlink()
        return len(unknown)

    async def _remove(self, rows: Iterable[SpeechKey]) -> None:
        rows = list(rows)
        if not rows:
            return
        await asyncio.to_thread(_unlink, [self._home / row.path for row in rows])
        await self._store.speech.delete(row.key for row in rows)


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
