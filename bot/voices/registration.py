"""From an upload to a voice: asked, received, checked, tried out, kept.

Nothing is fetched without consent. Until a person keeps a voice there is only a draft: a file in
`uploads/` that no row knows, so that a crash leaves nothing. Keeping renames the file and then
writes the row: the janitor removes a file that was renamed without one.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from pathlib import Path

from bot.base import private_files
from bot.base.cooldown import StoredCooldown
from bot.base.errors import UserError
from bot.base.home import CLIPS
from bot.base.locks import KeyedLocks
from bot.base.objects import Objects
from bot.clips.judge import ClipLimits, JudgedClip
from bot.voices.bars import Bars
from bot.voices.clip_admission import require_admissible
from bot.voices.consent import CONSENT_VERSION
from bot.voices.drafts import GONE, Draft, DraftClip, Drafts, Wish
from bot.voices.forgetting import Forgetting
from bot.voices.limits import ClonedVoiceLimits
from bot.voices.naming import require_name
from bot.voices.permission import Permissions, permission_of
from bot.voices.proving import Proving, VoiceProof
from bot.voices.quota import ServerQuota
from bot.voices.sharing import Sharing
from bot.voices.uploads import Fetch, Uploads
from data.bars import Bar
from data.errors import VoiceNameTaken
from data.rows import NewVoice, VoiceRow
from data.store import Store

log = logging.getLogger(__name__)

Judge = Callable[[Path, ClipLimits], Awaitable[JudgedClip]]


class Registration:
    """Makes voices of uploads. A person does one thing at a time here."""

    def __init__(
        self,
        store: Store,
        objects: Objects,
        forgetting: Forgetting,
        sharing: Sharing,
        bars: Bars,
        *,
        uploads: Uploads,
        proving: Proving,
        permissions: Permissions,
        limits: ClonedVoiceLimits,
        judge: Judge,
        clip_limits: ClipLimits,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._objects = objects
        self._forgetting = forgetting
        self._bars = bars
        self._uploads = uploads
        self._proving = proving
        self._permissions = permissions
        self._limits = limits
        self._quota = ServerQuota(store, sharing, limits.voices_per_guild)
        self._judge = judge
        self._clip_limits = clip_limits
        self._clock = clock
        self._cooldown = StoredCooldown(
            store.pauses, "register", limits.registration_cooldown_s, clock
        )
        self._turns = KeyedLocks[int]()
        self._clips = KeyedLocks[str]()
        self.drafts = Drafts()
        self._voiceprints: dict[Path, bytes] = {}  # of drafts, not of what shows them

    async def draft(
        self, wish: Wish, fetch: Fetch, received: Callable[[], Awaitable[object]]
    ) -> Draft:
        """Fetch and judge an upload; `received` is awaited in between.

        Raises `UserError` before anything is fetched for whatever can be known by then, and
        `ClipRefused` for what was heard. The upload is removed in any case.
        """
        if not wish.agreed:
            raise UserError("Without your consent I keep nothing, so I did not fetch the clip.")
        async with self._turns.of(wish.owner_id):
            await self._require_admission(wish)
            await self._cooldown.use(self._store.pseudonym(wish.owner_id))
            consented_at = self._clock()
            lane = wish.guild_id or 0, wish.owner_id
            clip = await self._uploads.checked(
                lane, fetch, received, lambda upload: self._judge(upload, self._clip_limits)
            )
            await require_admissible(self._store, wish, clip.sha256, clip.voiceprint)
            folder = self._uploads.folder
            path = await asyncio.to_thread(private_files.unused_path, folder, ".flac")
            await asyncio.to_thread(private_files.create, path, clip.flac)
            passed = DraftClip(clip.sha256, clip.duration_s, clip.voiced_s)
            draft = Draft(wish, path, passed, consented_at)
            self.drafts.add(draft)
            self._voiceprints[path] = clip.voiceprint
            return draft

    async def keep(self, draft: Draft) -> VoiceRow:
        """Make a draft a voice, and its owner's choice where they are. Raises `UserError`."""
        wish = draft.wish
        async with AsyncExitStack() as turns:
            for person in sorted({wish.owner_id, wish.person_id}):  # nor does whose voice it is go
                await turns.enter_async_context(self._turns.of(person))
            if not self.drafts.take(draft):
                raise UserError(GONE)
            former = None
            if wish.replaces is not None:  # as it is now: it may have been replaced before
                former = await self._store.voices.get(wish.replaces.voice_id)
            try:
                voice = await self._keep(draft)
            except BaseException:
                await self._throw_away(draft)
                raise
            self._forget(draft)
            if former is not None:
                await self._objects.delete([former.clip_path])
                await self._forgetting.clip(former.owner_id, former.clip_sha256)
            if wish.guild_id is not None and wish.replaces is None:
                await self._store.choices.choose(wish.owner_id, wish.guild_id, voice.voice_id)
            log.info("voice kept", extra={"voice": voice.voice_id, "guild": wish.guild_id})
            return voice

    async def discard(self, draft: Draft) -> bool:
        """Throw a draft away with all that was made from it; false if it was kept or is gone."""
        async with self._turns.of(draft.wish.owner_id):
            if not self.drafts.take(draft):
                return False
            await self._throw_away(draft)
            return True

    @asynccontextmanager
    async def closed_to(self, owner_id: int) -> AsyncIterator[None]:
        """Throw all drafts of a person away, and take none and keep none until the block ends.

        Those that others made of their voice, too.
        """
        async with self._turns.of(owner_id):
            for draft in self.drafts.about(owner_id):
                if self.drafts.withdraw(draft):
                    await self._throw_away(draft)
            yield

    async def _keep(self, draft: Draft) -> VoiceRow:
        wish = draft.wish
        await self._require_place(wish)
        given_at = await self._permissions.require(draft)
        proof = await self._proving.require(draft.path, wish.guild_id)
        # Held until the row is written: another member may be keeping the very clip.
        sha256 = draft.clip.sha256
        async with self._clips.of(sha256), self._forgetting.claim(f"keep {sha256}"):
            voiceprint = self._voiceprints[draft.path]
            await require_admissible(self._store, wish, sha256, voiceprint)
            return await self._keep_clip(draft, given_at, proof)

    async def _keep_clip(
        self, draft: Draft, given_at: float | None, proof: VoiceProof | None
    ) -> VoiceRow:
        clip_path = f"{CLIPS}/{secrets.token_hex(16)}.flac"
        giver_id = draft.wish.giver_id
        try:
            try:
                await self._objects.take(draft.path, clip_path)
            except FileNotFoundError:
                raise UserError(GONE) from None
            if giver_id is None or given_at is None:
                return await self._write_row(_new_voice(draft, clip_path, proof), draft.wish)
            async with self._store.transaction():
                voice = await self._write_row(_new_voice(draft, clip_path, None), draft.wish)
                permission = permission_of(voice.voice_id, giver_id, given_at, proof)
                await self._store.permissions.put(permission)
            return voice
        except BaseException:
            await asyncio.shield(self._take_back(clip_path))
            raise

    async def _take_back(self, clip_path: str) -> None:
        try:
            await self._objects.delete([clip_path])
        except OSError as error:
            log.error("a clip is left without a row: the next tidying removes it", exc_info=error)

    async def _write_row(self, new: NewVoice, wish: Wish) -> VoiceRow:
        if wish.replaces is None:
            try:
                async with self._store.transaction():  # of no other process, either
                    await self._require_fewer(wish.owner_id)
                    return await self._store.voices.insert(new)
            except VoiceNameTaken as error:
                raise UserError(
                    "You already have a voice called {voice}.", voice=new.name
                ) from error
        voice_id = wish.replaces.voice_id
        await self._store.voices.replace_clip(voice_id, new)
        voice = await self._store.voices.get(voice_id)
        if voice is None or voice.clip_path != new.clip_path:
            raise UserError("The voice to be replaced was deleted meanwhile.")
        return voice

    async def _require_admission(self, wish: Wish) -> None:
        self._uploads.require_size(wish.size_bytes)
        refusal = await self._bars.refusal(wish.owner_id, wish.guild_id or 0, Bar.VOICES)
        if refusal is not None:
            raise UserError(refusal)
        if wish.giver_id is not None:
            await self._permissions.require_admission(wish.owner_id, wish.giver_id, wish.guild_id)
        await self._require_place(wish)
        self._uploads.require_room()
        await self._cooldown.require(self._store.pseudonym(wish.owner_id))

    async def _require_place(self, wish: Wish) -> None:
        if wish.replaces is not None:
            if await self._permissions.giver_of(wish.replaces) != wish.giver_id:
                raise UserError(
                    "You cannot change whose voice it is. Please register another voice."
                )
            return
        require_name(wish.name)
        if await self._store.voices.find(wish.owner_id, wish.name):
            raise UserError("You already have a voice called {voice}.", voice=wish.name)
        await self._require_fewer(wish.owner_id)
        if wish.guild_id is not None:
            await self._quota.require(wish.guild_id, wish.owner_id)

    async def _require_fewer(self, owner_id: int) -> None:
        most = self._limits.voices_per_user
        if len(await self._store.voices.of_owner(owner_id)) >= most:
            raise UserError(
                "You already have {count} voices, and nobody may have more. Delete "
                "one with `/voice delete`, or give it another clip with `/voice "
                "replace`.",
                count=most,
            )

    def _forget(self, draft: Draft) -> None:
        self._voiceprints.pop(draft.path, None)
        self._proving.forget(draft.path)
        self._permissions.forget(draft)

    async def _throw_away(self, draft: Draft) -> None:
        self._forget(draft)
        await asyncio.to_thread(private_files.remove, [draft.path])
        await self._forgetting.clip(draft.wish.owner_id, draft.clip.sha256)


def _new_voice(draft: Draft, clip_path: str, proof: VoiceProof | None) -> NewVoice:
    """The row of a draft's voice; `proof` is its owner's."""
    wish = draft.wish
    return NewVoice(
        owner_id=wish.owner_id,
        guild_id=None,
        origin_guild_id=wish.guild_id,
        name=wish.name,
        clip_sha256=draft.clip.sha256,
        clip_path=clip_path,
        duration_s=draft.clip.duration_s,
        consent_version=CONSENT_VERSION,
        consented_at=draft.consented_at,
        language=wish.language,
        **(asdict(proof) if proof else {}),
    )
