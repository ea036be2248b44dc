"""The one way in which voices and words go: sound in the making, files, rows.

Files go before rows, so that a crash in between leaves a row that the janitor clears, and never a
file that nothing knows of.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from bot.base.locks import KeyedLocks
from bot.base.objects import Objects
from bot.speech.notices import Concern, PersonGone, Silenced
from bot.speech.service import SpeechService
from bot.speech.voice_copies import VoiceCopies
from data.rows import VoiceRow
from data.store import Store
from engine.errors import VoiceUnusable
from engine.executor import Executor
from engine.speech import ClonedVoice

_DELETED = VoiceUnusable("This voice was deleted, so I stopped.")
_NO_MESSAGE = VoiceUnusable("The message was deleted, so I stopped.")
_AUTHOR_GONE = VoiceUnusable("The author of the message deleted their data, so I stopped.")
_WITHDRAWN = VoiceUnusable("I did not say that: your data was deleted.")

#: Does something about a subject in one process at a time, see `Peers.claim`.
Claim = Callable[[str], AbstractAsyncContextManager[object]]


class Forgetting:
    """Removes voices and everything made from them, and what was made of somebody's words.

    `recorded` waits for enrolments that were reported but are not in the database yet.
    """

    def __init__(
        self,
        store: Store,
        objects: Objects,
        speech: SpeechService,
        executor: Executor,
        recorded: Callable[[], Awaitable[None]],
        *,
        copies: VoiceCopies,
        claim: Claim = nullcontext,
    ) -> None:
        self.claim = claim
        self._store = store
        self._objects = objects
        self._copies = copies
        self._speech = speech
        self._executor = executor
        self._recorded = recorded
        self._turns = KeyedLocks[str]()

    async def voices(self, voices: Iterable[VoiceRow]) -> None:
        """Delete voices: their clips and what was derived, unless their owner needs it still."""
        for voice in voices:
            now: VoiceRow | None = voice
            while now is not None:  # it may be given another clip meanwhile
                await self._voice(now)
                now = await self._store.voices.get(voice.voice_id)
        await self._store.purge()

    async def clip(self, owner_id: int, clip_sha256: str) -> None:
        """Forget what was derived from a clip that no voice of its owner has any more."""
        async with self._turn_of(clip_sha256):
            voices = await self._store.voices.with_clip(clip_sha256)
            if not any(voice.owner_id == owner_id for voice in voices):
                identity = _identity(owner_id, clip_sha256)
                async with self._silencing(identity):
                    await self._derived(identity)
        await self._store.purge()

    async def message(self, message_id: int, *, deleted: bool = False) -> None:
        """Forget what was read aloud of a message; of a `deleted` one nothing more is said."""
        if deleted:
            self._speech.withdraw_here(lambda s: s.message_id == message_id, _NO_MESSAGE)
        await self._speech.forget(lambda s: s.message_id == message_id, message_id=message_id)

    async def member(self, user_id: int, guild_id: int) -> None:
        """Forget what was said of a person's words in a server. Cancel before what is read there.

        What is just being said by a command of theirs is said, and kept, all the same; what others
        have said of their messages ends.
        """
        place = user_id, guild_id
        unread = VoiceUnusable("I do not read what {member} writes.", member=f"<@{user_id}>")
        self._speech.withdraw_here(Concern(written_by=user_id, guild_id=guild_id), unread)
        await self._speech.forget(
            lambda s: s.message_id is not None and (s.user_id, s.guild_id) == place,
            user_id=user_id,
            guild_id=guild_id,
        )
        await self._store.purge()

    @asynccontextmanager
    async def person(self, user_id: int) -> AsyncIterator[None]:
        """Forget what was said of a person's words; until the block ends nothing more is said.

        In every process, where their drafts go too. In one at a time: two would wait for each other
        to stop what the person does there.
        """
        await self._speech.withdraw(Concern(written_by=user_id), reason=_AUTHOR_GONE)
        gone = PersonGone(user_id, _WITHDRAWN.sentence)
        async with self.claim(f"person {user_id}"), self._speech.silencing(gone):
            await self._speech.forget(gone.concern, user_id=user_id)
            await self._store.member_words.forget_names(user_id)
            await self._speech.forget_names(user_id=user_id)
            yield

    async def guild(self, guild_id: int) -> None:
        """Forget what was said in a server that the bot has left."""
        await self._speech.forget(lambda s: s.guild_id == guild_id, guild_id=guild_id)
        await self._speech.forget_names(guild_id=guild_id)

    async def name(self, user_id: int, guild_id: int) -> None:
        """Forget what says the name that a member had chosen, whoever said it.

        What says it at this moment is said, but not kept.
        """
        await self._speech.forget_names(user_id=user_id, guild_id=guild_id)
        await self._store.purge()

    async def _voice(self, voice: VoiceRow) -> None:
        sha256 = voice.clip_sha256
        # One after the other, or each of two voices with one clip would leave it to the other.
        async with self._turn_of(sha256):
            others = [
                one
                for one in await self._store.voices.with_clip(sha256)
                if one.voice_id != voice.voice_id
            ]
            identity = _identity(voice.owner_id, sha256)
            needed = any(one.owner_id == voice.owner_id for one in others)
            async with nullcontext() if needed else self._silencing(identity):
                if not needed:
                    await self._derived(identity)
                if not others:  # what the command line made of the very clip
                    await self._remove_derived(_identity(0, sha256))
                    await self._store.local_clips.forget(sha256)
                await self._objects.delete([voice.clip_path])
                await self._store.voices.delete(voice.voice_id, voice.clip_path)

    @asynccontextmanager
    async def _turn_of(self, clip_sha256: str) -> AsyncIterator[None]:
        async with self._turns.of(clip_sha256), self.claim(f"clip {clip_sha256}"):
            yield

    def _silencing(self, identity: str) -> AbstractAsyncContextManager[None]:
        notice = Silenced(Concern(identity=identity), _DELETED.sentence, forgotten=identity)
        return self._speech.silencing(notice)

    async def _derived(self, identity: str) -> None:
        await self._speech.settled(lambda s: s.voice.identity == identity)
        await self._executor.forget(identity)
        await self._recorded()
        await self._remove_derived(identity)

    async def _remove_derived(self, identity: str) -> None:
        renderings = await self._store.speech.made_with(identity)
        enrolments = await self._store.conditionals.made_with(identity)
        await self._copies.forget(identity)
        await self._objects.delete(row.path for row in renderings)
        await self._store.speech.delete(row.key for row in renderings)
        await self._store.conditionals.delete(row.key for row in enrolments)


def _identity(owner_id: int, clip_sha256: str) -> str:
    return ClonedVoice(clip_sha256=clip_sha256, clip_path="", owner_id=owner_id).identity
