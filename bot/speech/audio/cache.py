"""Rendered speech, by content: Ogg Opus files whose keys and last use are in the database.

A file is written whole under another name and then renamed, and recorded only after that, so a
crash leaves either a usable rendering or an unknown file that `verify` removes. In a bucket it is
recorded first.

Longer than 300 lines: a file, its row and what is in memory of it go together.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass

from bot.base.home import SPEECH
from bot.base.objects import Objects, ObjectsFailed
from bot.base.recorded_files import RecordedFiles
from bot.speech.audio import opus
from bot.speech.audio.codec import Codec
from bot.speech.audio.recent import RecentPackets
from data.errors import DatabaseClosed, StoreFailed
from data.rows import NewSpeech, OwnName, SpeechKey, SpeechOrigin
from data.store import Store
from engine.speech import ClonedVoice, Speech, Voice

log = logging.getLogger(__name__)

#: Has something done without being waited for.
Later = Callable[[Coroutine[None, None, None]], None]

#: A bucket that did not answer is not asked again for so long: speech would begin late.
_NOT_ASKED_S = 5.0
#: A bucket has what is recorded by then, or never.
_ON_ITS_WAY_S = 60.0
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

    def __init__(self, objects: Objects, store: Store, codec: Codec, *, max_bytes: int) -> None:
        self._objects = objects
        self._store = store
        self._files = RecordedFiles(objects, SPEECH, store.speech)
        self._max_bytes = max_bytes
        self.codec = codec
        # A file and its row change together, or one task would remove what another just wrote.
        self._changing = asyncio.Lock()
        self._ask_again_at = 0.0
        self._recent = RecentPackets()

    @property
    def takes_time(self) -> bool:
        """Whether it is worth not to wait for `keep`."""
        return self._objects.elsewhere

    async def get(
        self,
        key: str,
        origin: SpeechOrigin | None = None,
        *,
        own_names: Sequence[OwnName] = (),
        later: Later | None = None,
    ) -> tuple[bytes, ...] | None:
        """The packets of `key`, now said by `origin` too and with `own_names`, or None.

        That it was said may be noted by `later`, so that nobody waits for it who only listens; a
        name has to be noted before. A damaged file counts as none and is forgotten. With a broken
        database (a full disk, a lock that is held) there is nothing kept.
        """
        try:
            return await self._get(key, origin, own_names, later)
        except StoreFailed as error:
            log.error("kept speech could not be looked up", exc_info=error, extra={"key": key})
            return None

    async def _get(
        self,
        key: str,
        origin: SpeechOrigin | None,
        own_names: Sequence[OwnName],
        later: Later | None,
    ) -> tuple[bytes, ...] | None:
        if origin is None:
            row, noted = await self._store.speech.get(key), True
        else:
            row, noted = await self._store.speech.get_for(key, origin)
        if row is None or time.monotonic() < self._ask_again_at:
            return None
        try:
            await self._store.speech.touch(row)
        except StoreFailed as error:
            log.error("a use could not be noted", exc_info=error, extra={"key": key})
        if origin is not None and (own_names or not noted):
            noting = self._note(key, origin, own_names)
            if later is None or own_names:
                await noting
            else:
                later(noting)
        if (packets := self._recent.get(row)) is not None:
            return packets
        age = self._recent.age
        try:
            packets = await self._read(row)
            self._recent.put(row, packets, age)
            return packets
        except ObjectsFailed as error:
            self._ask_again_at = time.monotonic() + _NOT_ASKED_S
            log.error("kept speech could not be read", exc_info=error, extra={"key": key})
            return None
        except (OSError, opus.OpusFileError):
            return await self._get_again(key)

    async def _note(
        self, key: str, origin: SpeechOrigin, own_names: Sequence[OwnName] = ()
    ) -> None:
        try:
            await self._store.speech.note(key, origin, own_names)
        except StoreFailed as error:
            log.error("a use could not be noted", exc_info=error, extra={"key": key})
        except DatabaseClosed:
            log.info("a use is not noted: the bot is shutting down")

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
        """Encode and keep speech; returns its packets. See `encode` and `keep`."""
        packets, ogg = await self.encode(speech, codec)
        await self.keep(key, len(packets), ogg, voice, origin, own_names=own_names)
        return packets

    async def encode(
        self, speech: Speech, codec: Codec | None = None
    ) -> tuple[tuple[bytes, ...], bytes]:
        """Bring `speech` to its loudness; returns its packets, and a file of them.

        `codec` is part of the key; without one it is the cache's own.
        """
        packets, ogg = await asyncio.to_thread(_encode, speech, codec or self.codec)
        return tuple(packets), ogg

    async def keep(
        self,
        key: str,
        packets: int,
        ogg: bytes,
        voice: Voice,
        origin: SpeechOrigin | None = None,
        *,
        own_names: Sequence[OwnName] = (),
    ) -> None:
        """Keep a file of so many packets for `origin`, and make room if it is too much.

        It is kept as long as members are called by `own_names`, which are said in it. Where it
        cannot be kept (a full disk, a locked database) the log says so: a broken cache silences
        nobody.
        """
        row = NewSpeech(
            key=key,
            voice_identity=voice.identity,
            path=f"{SPEECH}/{key[:2]}/{key}.ogg",
            size_bytes=len(ogg),
            duration_s=packets * opus.PACKET_MS / 1000,
        )
        keep = self._keep_elsewhere if self._objects.elsewhere else self._keep_here
        try:
            await keep(row, ogg, origin, own_names)
            if isinstance(voice, ClonedVoice):
                await self._store.conditionals.touch(voice.identity)
        except (OSError, StoreFailed) as error:
            log.error("speech could not be kept", exc_info=error, extra={"key": key})
        except DatabaseClosed:
            log.info("speech is not kept: the bot is shutting down")

    async def _keep_here(
        self, row: NewSpeech, ogg: bytes, origin: SpeechOrigin | None, own_names: Sequence[OwnName]
    ) -> None:
        try:
            async with self._changing:
                await self._objects.put(row.path, ogg)
                if not await self._store.speech.record(row, origin, own_names):
                    await self._remove(row.path)
                await self._files.remove(await self._store.speech.beyond(self._max_bytes))
        except (OSError, StoreFailed):
            # Not left without a row: this process may have been given up, and the voice deleted.
            await self._remove(row.path)
            raise

    async def _keep_elsewhere(
        self, row: NewSpeech, ogg: bytes, origin: SpeechOrigin | None, own_names: Sequence[OwnName]
    ) -> None:
        """The row first: what a process has sent that is given up meanwhile is known by it.

        Sending takes time, so it is not one after the other. Of what is removed at the same moment
        a row without a file may be left.
        """
        if not await self._store.speech.record(row, origin, own_names):
            await self._remove(row.path)
            return
        try:
            await self._objects.put(row.path, ogg)
        finally:
            if not await self._is_recorded(row.key):
                await self._remove(row.path)
        await self._files.remove(await self._store.speech.beyond(self._max_bytes))

    async def _is_recorded(self, key: str) -> bool:
        """Whether that is certain."""
        try:
            return await self._store.speech.get(key) is not None
        except (StoreFailed, DatabaseClosed):
            return False

    async def rows(self) -> list[SpeechKey]:
        """What is kept, the most recently used first."""
        return await self._store.speech.all()

    def let_go(self) -> None:
        """Hold nothing in memory any more of what is kept."""
        self._recent.clear()

    async def clear(self) -> int:
        """Remove every rendering; returns how many there were."""
        async with self._changing:
            removed = await self._files.remove(await self._store.speech.all())
        self.let_go()
        return removed

    async def forget(self, **origin: int) -> None:
        """Remove what was said by nobody else than origins with these values, and who had it said.

        What of it is being written has to be waited for before.
        """
        async with self._changing:
            await self._files.remove(await self._store.speech.said_only_by(**origin))
            await self._store.speech.forget_origins(**origin)
        self.let_go()

    async def forget_names(self, **named: int) -> None:
        """Remove what says a name that members chose, by `user_id`, `guild_id` or both.

        They must not be called so any more: what of it is being made is then not kept.
        """
        async with self._changing:
            await self._files.remove(await self._store.speech.naming(**named))
        self.let_go()

    async def verify(self) -> CacheReport:
        """Check every rendering, forget damaged ones, and remove files that nothing recorded.

        Unknown files younger than `SETTLED_S` stay: a running bot may be about to record them.
        """
        async with self._changing:
            damaged = await self._files.remove_broken(self._is_sound)
        self.let_go()
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
                return await self._read(row)
            except ObjectsFailed as error:
                log.error("kept speech could not be read", exc_info=error, extra={"key": key})
                return None
            except (OSError, opus.OpusFileError) as error:
                if self._objects.elsewhere and time.time() - row.created_at < _ON_ITS_WAY_S:
                    return None
                log.warning("rendering lost", extra={"key": key, "reason": str(error)})
                await self._files.remove([row])
                return None

    async def _read(self, row: SpeechKey) -> tuple[bytes, ...]:
        """The packets of a file. Raises `OSError` or `OpusFileError` if it is not whole."""

        def packets(ogg: bytes) -> tuple[bytes, ...]:
            if len(ogg) != row.size_bytes:
                raise opus.OpusFileError(f"{len(ogg)} bytes instead of {row.size_bytes}")
            return tuple(opus.read_packets(ogg))

        return await self._objects.get(row.path, packets)

    async def _is_sound(self, row: SpeechKey) -> bool:
        try:
            await self._read(row)
        except ObjectsFailed:
            raise
        except (OSError, opus.OpusFileError):
            return False
        return True

    async def _remove(self, name: str) -> None:
        try:
            await self._objects.delete([name])
        except OSError as error:
            log.warning("%s is left without a row: %s", name, error.strerror)


def _encode(speech: Speech, codec: Codec) -> tuple[list[bytes], bytes]:
    pcm = codec.levelled(speech.pcm, speech.sample_rate)
    return opus.encode(pcm, speech.sample_rate, kbps=codec.opus_kbps)
