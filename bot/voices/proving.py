"""Proof that a voice is the speaker's: a sentence is issued, said aloud, and heard once.

Where a server or whoever runs the bot demands it, no draft becomes a voice without one. The
recording is removed as soon as it was heard.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bot.base.errors import UserError
from bot.clips.judge import ClipLimits, Proven
from bot.clips.statement import STATEMENT_VERSION, Statement
from bot.voices.limits import StatementLimits
from bot.voices.uploads import Fetch, Uploads
from data.store import Store

Prove = Callable[[Path, Path, Statement, ClipLimits], Awaitable[Proven]]

#: Sentences that are issued for one clip; then the clip has to be sent again.
_MOST_SENTENCES = 6


class Demand(StrEnum):
    """Whose voices are registered, and who says a statement; the least strict first.

    `OFF`: anybody's, and nobody does. `ALWAYS`: one's own, or another member's with their
    permission; whose voice it is says it. `OWN`: one's own alone, and one says it.
    """

    OFF = "off"
    ALWAYS = "always"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Issued:
    """A sentence that `speaker_id` can say until `ends_at`, by the clock of the services.

    `guild_id` is where it was asked for, 0: in no server.
    """

    speaker_id: int
    guild_id: int
    statement: Statement
    ends_at: float


@dataclass(frozen=True, slots=True)
class VoiceProof:
    """What is kept of a recording that was heard: see `bot.clips.judge.Proven`."""

    proven_at: float
    statement_version: int
    words_heard: float
    likeness: float


class Proving:
    """The sentences that are issued, and the proofs of drafts, each by its draft's path."""

    def __init__(
        self,
        store: Store,
        uploads: Uploads,
        *,
        limits: StatementLimits,
        prove: Prove,
        clip_limits: ClipLimits,
        source: random.Random,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._uploads = uploads
        self._limits = limits
        self._prove = prove
        self._clip_limits = clip_limits
        self._source = source
        self._clock = clock
        self._issued: dict[Path, Issued] = {}
        self._count: dict[Path, int] = {}
        self._proofs: dict[Path, VoiceProof] = {}

    @property
    def within_s(self) -> float:
        """The time that a sentence can be said in."""
        return self._limits.within_s

    async def demand(self, guild_id: int | None) -> Demand:
        """What is demanded in a server (None: outside of any): its choice, if it is stricter."""
        usual = Demand(self._limits.demand)
        if guild_id is None or usual is Demand.OWN:
            return usual
        chosen = (await self._store.guild_settings.get(guild_id)).voice_statement
        return max(usual, Demand(chosen or usual), key=list(Demand).index)

    def issue(
        self, draft: Path, speaker_id: int, guild_id: int | None, *, digits: bool = False
    ) -> Issued:
        """A sentence for a draft, in place of the one before. Raises `UserError` at the last."""
        count = self._count.get(draft, 0) + 1
        if count > _MOST_SENTENCES:
            raise UserError("I have no more sentences for this clip. Please start again.")
        self._count[draft] = count
        statement = Statement.drawn(self._source, digits=digits)
        issued = Issued(speaker_id, guild_id or 0, statement, self._clock() + self._limits.within_s)
        self._issued[draft] = issued
        return issued

    async def hear(
        self,
        draft: Path,
        by: int,
        size_bytes: int,
        fetch: Fetch,
        received: Callable[[], Awaitable[object]],
    ) -> None:
        """Take a recording of the sentence that was issued for a draft, sent by `by`.

        The sentence is used up, whatever is heard. Raises `UserError`.
        """
        issued = self._issued.get(draft)
        if issued is None:
            raise UserError("This sentence was used already.")
        if by != issued.speaker_id:
            raise UserError("Somebody else has to say this sentence.")
        del self._issued[draft]
        now = self._clock()
        if now > issued.ends_at:
            raise UserError("That was too late: the time for this sentence is over.")
        self._uploads.require_size(size_bytes)
        proven = await self._uploads.checked(
            (issued.guild_id, by),
            fetch,
            received,
            lambda upload: self._prove(upload, draft, issued.statement, self._clip_limits),
        )
        if draft in self._count:  # it was not thrown away meanwhile
            self._proofs[draft] = VoiceProof(
                now, STATEMENT_VERSION, proven.words_heard, proven.likeness
            )

    async def require(self, draft: Path, guild_id: int | None) -> VoiceProof | None:
        """The proof of a draft, None where none is demanded. Raises `UserError`."""
        proof = self._proofs.get(draft)
        if proof is None and await self.demand(guild_id) is not Demand.OFF:
            raise UserError("Nobody has said the sentence for this clip. Please start again.")
        return proof

    def forget(self, draft: Path) -> None:
        for kept in (self._issued, self._count, self._proofs):
            kept.pop(draft, None)
