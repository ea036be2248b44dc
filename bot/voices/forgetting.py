"""The one way in which voices and words go: sound in the making, files, rows.

Files go before rows, so that a crash in between leaves a row that the janitor clears, and never a
file that nothing knows of.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from pathlib import Path

from bot.base.locks import KeyedLocks
from bot.base.private_files import remove
from bot.speech.service import Concerned, SpeechService
from bot.speech.speaker import Speaker
from data.rows import VoiceRow
from data.store import Store
from engine.errors import VoiceUnusable
from engine.executor import Executor
from engine.speech import ClonedVoice

_DELETED = VoiceUnusable("This voice was deleted, so I stopped.")
_WITHDRAWN = VoiceUnusable("What you asked for was deleted together with your data.")


class Forgetting:
    """Removes voices and everything made from them, and what was made of somebody's words.

    `recorded` waits for enrolments that were reported but are not in the database yet.
    """

    def __init__(
        self,
        store: Store,
        home: Path,
        speech: SpeechService,
        executor: Executor,
        recorded: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = store
        self._home = home
        self._speech = speech
        self._executor = executor
        self._recorded = recorded
        self._turns = KeyedLocks[str]()

    async def voices(self, voices: Iterable[VoiceRow]) -> None:
        """Delete voices: their clips and, unless another voice has the same, what was derived."""
        for voice in voices:
            now: VoiceRow | None = voice
            while now is not None:  # it may be given another clip meanwhile
                await self._voice(now)
                now = await self._store.voices.get(voice.voice_id)
        await self._store.purge()

    async def clip(self, clip_sha256: str) -> None:
        """Forget what was derived from a clip that no voice has any more."""
        async with self._turns.of(clip_sha256):
            if not await self._needed(clip_sha256):
                with self._silencing(clip_sha256):
                    await self._derived(clip_sha256)
        await self._store.purge()

    async def message(self, message_id: int) -> None:
        """Forget what was read aloud of a message. Cancel it before."""
        await self._speech.forget(lambda s: s.message_id == message_id, message_id=message_id)

    async def member(self, user_id: int, guild_id: int) -> None:
        """Forget what was said of a person's words in a server. Cancel before what is read there.

        What is just being said by a command is said, and kept, all the same.
        """
        place = user_id, guild_id
        await self._speech.forget(
            lambda s: s.message_id is not None and (s.user_id, s.guild_id) == place,
            user_id=user_id,
            guild_id=guild_id,
        )
        await self._store.purge()

    @asynccontextmanager
    async def person(self, user_id: int) -> AsyncIterator[None]:
        """Forget what was said of a person's words; until the block ends nothing more is said."""

        def theirs(speaker: Speaker) -> bool:
            return speaker.user_id == user_id

        with self._speech.silencing(theirs, _WITHDRAWN):
            await self._speech.forget(theirs, user_id=user_id)
            yield

    async def guild(self, guild_id: int) -> None:
        """Forget what was said in a server that the bot has left."""
        await self._speech.forget(lambda s: s.guild_id == guild_id, guild_id=guild_id)

    async def _voice(self, voice: VoiceRow) -> None:
        sha256 = voice.clip_sha256
        # One after the other, or each of two voices with one clip would leave it to the other.
        async with self._turns.of(sha256):
            needed = await self._needed(sha256, but=voice.voice_id)
            with nullcontext() if needed else self._silencing(sha256):
                if not needed:
                    await self._derived(sha256)
                await asyncio.to_thread(remove, [self._home / voice.clip_path])
                await self._store.voices.delete(voice.voice_id, voice.clip_path)

    def _silencing(self, clip_sha256: str) -> AbstractContextManager[None]:
        return self._speech.silencing(_speaks_in(clip_sha256), _DELETED)

    async def _derived(self, clip_sha256: str) -> None:
        voice = ClonedVoice(clip_sha256=clip_sha256, clip_path="")
        await self._speech.settled(_speaks_in(clip_sha256))
        await self._executor.forget(clip_sha256)
        await self._recorded()
        renderings = await self._store.speech.made_with(voice.identity)
        enrolments = await self._store.conditionals.of_clip(clip_sha256)
        paths = [row.path for row in renderings] + [row.path for row in enrolments]
        await asyncio.to_thread(remove, [self._home / path for path in paths])
        await self._store.speech.delete(row.key for row in renderings)
        await self._store.conditionals.delete_clip(clip_sha256)
        await self._store.local_clips.forget(clip_sha256)

    async def _needed(self, clip_sha256: str, but: int | None = None) -> bool:
        voices = await self._store.voices.with_clip(clip_sha256)
        return any(voice.voice_id != but for voice in voices)


def _speaks_in(clip_sha256: str) -> Concerned:
    identity = ClonedVoice(clip_sha256=clip_sha256, clip_path="").identity
    return lambda speaker: speaker.voice.identity == identity
