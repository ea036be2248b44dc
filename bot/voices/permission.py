"""Another member's voice: asked of them, given for one clip, kept with the voice, taken back.

A draft of it becomes a voice only with their permission, and no voice outlives it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.base.errors import UserError
from bot.catalogue import Sentence
from bot.voices.bars import Bars
from bot.voices.consent import PERMISSION_VERSION
from bot.voices.drafts import Draft
from bot.voices.forgetting import Forgetting
from bot.voices.proving import Demand, Proving, VoiceProof
from bot.voices.sharing import Sharing
from data.bars import Bar
from data.rows import VoicePermission, VoiceRow
from data.store import Store

#: Whoever declined is not asked by the same member again for so long; who did not answer, neither.
_DECLINED_FOR_S = 24 * 3600.0
_UNANSWERED_FOR_S = 600.0

#: The kind of pause between two questions of one member to another.
_ASKING = "ask"

_OVER = Sentence("It is too late to answer this.")


@dataclass(frozen=True, slots=True)
class Given:
    """A voice of somebody else's that is a person's, by their permission."""

    voice: VoiceRow
    permission: VoicePermission


class Permissions:
    """Questions that are open, and permissions. `clock` gives UTC in Unix seconds."""

    def __init__(
        self,
        store: Store,
        forgetting: Forgetting,
        sharing: Sharing,
        bars: Bars,
        proving: Proving,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._forgetting = forgetting
        self._sharing = sharing
        self._bars = bars
        self._proving = proving
        self._clock = clock
        self._open: set[Path] = set()
        self._given: dict[Path, float] = {}

    async def require_admission(self, owner_id: int, giver_id: int, guild_id: int | None) -> None:
        """Raise `UserError` unless a member can be asked for their voice by another one."""
        if guild_id is None:
            raise UserError("I can ask another member for their voice only in a server.")
        await self._require_possible(guild_id)
        if await self._bars.refusal(giver_id, guild_id, Bar.VOICES):
            raise UserError("<@{giver_id}> is barred from having voices here.", giver_id=giver_id)
        pair = self._pair(owner_id, giver_id)
        if await self._store.pauses.until(_ASKING, pair, _DECLINED_FOR_S) is not None:
            raise UserError(
                "You asked <@{giver_id}> not long ago. Please wait before you ask again.",
                giver_id=giver_id,
            )

    def ask(self, draft: Draft) -> None:
        """Note that the question is put."""
        self._open.add(draft.path)

    def give(self, draft: Draft, by: int) -> None:
        """Take a permission from the one who was asked. Raises `UserError`."""
        self._require_open(draft, by)
        self._open.remove(draft.path)
        self._given[draft.path] = self._clock()

    async def decline(self, draft: Draft, by: int) -> None:
        """Take a refusal, before or after they allowed it. Raises `UserError` for anybody else."""
        if draft.path in self._open:
            self._require_open(draft, by)
        await self._leave_alone(draft, _DECLINED_FOR_S)

    async def unanswered(self, draft: Draft) -> None:
        """Note that they did nothing."""
        await self._leave_alone(draft, _UNANSWERED_FOR_S)

    async def require(self, draft: Draft) -> float | None:
        """When the permission for a draft was given, None where none is needed.

        Raises `UserError` where it is missing, or its giver has left the server.
        """
        giver_id, guild_id = draft.wish.giver_id, draft.wish.guild_id
        if giver_id is None or guild_id is None:
            return None
        await self._require_possible(guild_id)
        given_at = self._given.get(draft.path)
        if given_at is None:
            raise UserError(
                "<@{giver_id}> has not allowed it. Please start again.", giver_id=giver_id
            )
        if await self._sharing.membership(guild_id, giver_id) is False:
            raise UserError(
                "<@{giver_id}> is no member of this server any more.", giver_id=giver_id
            )
        return given_at

    def forget(self, draft: Draft) -> None:
        self._open.discard(draft.path)
        self._given.pop(draft.path, None)

    async def giver_of(self, voice: VoiceRow) -> int | None:
        """Whose voice one is, None: its owner's own."""
        permission = await self._store.permissions.of_voice(voice.voice_id)
        return permission.user_id if permission else None

    async def given_by(self, user_id: int) -> list[Given]:
        """What a person has allowed and not taken back, the newest first."""
        voices = {v.voice_id: v for v in await self._store.permissions.voices_of(user_id)}
        return [
            Given(voices[permission.voice_id], permission)
            for permission in await self._store.permissions.given_by(user_id)
            if permission.voice_id in voices
        ]

    async def take_back(self, voice_id: int, user_id: int) -> VoiceRow:
        """Delete a voice that is a person's, everywhere, by their word. Raises `UserError`."""
        for given in await self.given_by(user_id):
            if given.voice.voice_id == voice_id:
                await self._forgetting.voices([given.voice])
                return given.voice
        raise UserError("That voice is gone already.")

    async def _require_possible(self, guild_id: int) -> None:
        if await self._proving.demand(guild_id) is Demand.OWN:
            raise UserError("In this server members can register only their own voice.")

    def _require_open(self, draft: Draft, by: int) -> None:
        if by != draft.wish.giver_id:
            raise UserError("Only the member who was asked can decide this.")
        if draft.path not in self._open:
            raise UserError(_OVER)

    async def _leave_alone(self, draft: Draft, for_s: float) -> None:
        pair = self._pair(draft.wish.owner_id, draft.wish.person_id)
        await self._store.pauses.pause(_ASKING, pair, for_s)

    def _pair(self, owner_id: int, giver_id: int) -> str:
        """Who asks whom, in codes."""
        return f"{self._store.pseudonym(owner_id)} {self._store.pseudonym(giver_id)}"


def permission_of(
    voice_id: int, giver_id: int, given_at: float, proof: VoiceProof | None
) -> VoicePermission:
    """The row of a permission, with what is kept of the statement, if one was said."""
    return VoicePermission(
        voice_id=voice_id,
        user_id=giver_id,
        given_at=given_at,
        text_version=PERMISSION_VERSION,
        proven_at=proof.proven_at if proof else None,
        statement_version=proof.statement_version if proof else None,
        words_heard=proof.words_heard if proof else None,
        likeness=proof.likeness if proof else None,
    )
