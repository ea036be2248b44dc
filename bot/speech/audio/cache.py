"""Rendered speech on disk, by content: Ogg Opus files whose keys and last use are in SQLite.

A file is written whole under another name and then renamed, and recorded only after that, so a
crash leaves either a usable rendering or an unknown file that `verify` removes.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.base import private_files
from bot.base.home import SPEECH
from bot.base.private_files import make_folder
from bot.base.recorded_files import RecordedFiles
from bot.speech.audio import opus
from bot.speech.audio.codec import Codec
from data.errors import DatabaseClosed, StoreFailed
from data.rows import NewSpeech, OwnName, SpeechKey, SpeechOrigin
from data.store import Store
from engine.speech import ClonedVoice, Speech, Voice

log = logging.getLogger(__name__)

#: An unknown file this old belongs to nobody: writing one takes milliseconds.
SETTLED_S = 600.0


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
        self._folder = home / SPEECH
        self._store = store
        self._files = RecordedFiles(home, SPEECH, store.speech)
        self._max_bytes = max_bytes
        self.codec = codec
        # A file and its row change together, or one task would remove what another just wrote.
        self._changing = asyncio.Lock()

    async def get(
        self,
        key: str,
        origin: SpeechOrigin | None = None,
        *,
        own_names: Sequence[OwnName] = (),
    ) -> tuple[bytes, ...] | None:
        """The packets of `key`, now said by `origin` too and with `own_names`, or None.

        A damaged file counts as none and is forgotten. With a broken database (a full disk, a lock
        that is held) there is nothing kept.
        """
        try:
            return await self._get(key, origin, own_names)
        except StoreFailed as error:
            log.error("kept speech could not be looked up", exc_info=error, extra={"key": key})
            return None

    async def _get(
        self, key: str, origin: SpeechOrigin | None, own_names: Sequence[OwnName]
    ) -> tuple[bytes, ...] | None:
        if origin is None:
            row, noted = await self._store.speech.get(key), True
        else:
            row, noted = await self._store.speech.get_for(key, origin)
        if row is None:
            return None
        try:
            await self._store.speech.touch(row)
            if origin is not None and (own_names or not noted):
                await self._store.speech.note(key, origin, own_names)
        except StoreFailed as error:
            log.error("a use could not be noted", exc_info=error, extra={"key": key})
        try:
            return tuple(await asyncio.to_thread(self._read, row))
        except (OSError, opus.OpusFileError):
            return await self._get_again(key)

    async def put(
        self,
        key: str,
        speech: Speech,
        voice: Voice,
        codec: Codec | None = None,
        origin: SpeechOrigin | None = None,
        *,
        own_names: Sequence[OwnName] = (),
    ) -> tuple[bytes, ...]:
        """Bring `speech` to its loudness, encode and keep it for `origin`; returns its packets.

        It is kept as long as members are called by `own_names`, which are said in it.

        `codec` is part of the key; without one it is the cache's own. Makes room if it is too much.
        Speech that cannot be kept (a full disk, a locked database) is still given back: a broken
        cache silences nobody.
        """
        packets, ogg = await asyncio.to_thread(_encode, speech, codec or self.codec)
        path = self._folder / key[:2] / f"{key}.ogg"
        try:
            async with self._changing:
                await asyncio.to_thread(_write, path, ogg)
                kept = await self._store.speech.record(
                    NewSpeech(
                        key=key,
                        voice_identity=voice.identity,
                        path=path.relative_to(self._home).as_posix(),
                        size_bytes=len(ogg),
                        duration_s=len(packets) * opus.PACKET_MS / 1000,
                    ),
                    origin,
                    own_names,
                )
                if not kept:
                    await asyncio.to_thread(_remove, path)
                await self._files.remove(await self._store.speech.beyond(self._max_bytes))
            if isinstance(voice, ClonedVoice):
                await self._store.conditionals.touch(voice.identity)
        except (OSError, StoreFailed) as error:
            log.error("speech could not be kept", exc_info=error, extra={"key": key})
            # Not left without a row: this process may have been given up, and the voice deleted.
            await asyncio.to_thread(_remove, path)
        except DatabaseClosed:
            log.info("speech is not kept: the bot is shutting down")
        return tuple(packets)

    async def rows(self) -> list[SpeechKey]:
        """What is kept, the most recently used first."""
        return await self._store.speech.all()

    async def clear(self) -> int:
        """Remove every rendering; returns how many there were."""
        async with self._changing:
            return await self._files.remove(await self._store.speech.all())

    async def forget(self, **origin: int) -> None:
        """Remove what was said by nobody else than origins with these values, and who had it said.

        What of it is being written has to be waited for before.
        """
        async with self._changing:
            await self._files.remove(await self._store.speech.said_only_by(**origin))
            await self._store.speech.forget_origins(**origin)

    async def forget_names(self, **named: int) -> None:
        """Remove what says a name that members chose, by `user_id`, `guild_id` or both.

        They must not be called so any more: what of it is being made is then not kept.
        """
        async with self._changing:
            await self._files.remove(await self._store.speech.naming(**named))

    async def verify(self) -> CacheReport:
        """Check every rendering, forget damaged ones, and remove files that nothing recorded.

        Unknown files younger than `SETTLED_S` stay: a running bot may be about to record them.
        """
        async with self._changing:
            damaged = await self._files.remove_broken(self._is_sound)
        unknown = await self._files.remove_unknown(time.time() - SETTLED_S)
        kept = await self._store.speech.all()
        return CacheReport(len(kept), damaged, unknown, sum(row.size_bytes for row in kept))

    async def _get_again(self, key: str) -> tuple[bytes, ...] | None:
        """What another task has made anew meanwhile; else what is damaged goes."""
        async with self._changing:
            row = await self._store.speech.get(key)
            if row is None:
                return None
            try:
                return tuple(await asyncio.to_thread(self._read, row))
            except (OSError, opus.OpusFileError) as error:
                log.warning("rendering lost", extra={"key": key, "reason": str(error)})
                await self._files.remove([row])
                return None

    def _read(self, row: SpeechKey) -> list[bytes]:
        """The packets of a file. Raises `OSError` or `OpusFileError` if it is not whole."""
        ogg = (self._home / row.path).read_bytes()
        if len(ogg) != row.size_bytes:
            raise opus.OpusFileError(f"{len(ogg)} bytes instead of {row.size_bytes}")
        return opus.read_packets(ogg)

    def _is_sound(self, _: Path, row: SpeechKey) -> bool:
        try:
            self._read(row)
        except (OSError, opus.OpusFileError):
            return False
        return True


def _encode(speech: Speech, codec: Codec) -> tuple[list[bytes], bytes]:
    pcm = codec.levelled(speech.pcm, speech.sample_rate)
    return opus.encode(pcm, speech.sample_rate, kbps=codec.opus_kbps)


def _write(path: Path, content: bytes) -> None:
    for folder in (path.parent.parent, path.parent):  # `mkdir` gives its mode to the last alone
        make_folder(folder)
    unfinished = path.with_suffix(f".{secrets.token_hex(4)}.part")
    try:
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _remove(path: Path) -> None:
    try:
        private_files.remove([path])
    except OSError as error:
        log.warning("%s is left without a row: %s", path.name, error.strerror)
