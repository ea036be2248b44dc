"""Clips that passed and that nobody has decided on: what is known of them, and who shows them.

The sound itself is in a file alone. Whoever keeps a `Draft` in mind, as a panel does, keeps nothing
of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.base.errors import UserError
from bot.catalogue import Sentence
from bot.speech.speaker import Speaker
from data.rows import VoiceRow
from engine.speech import ClonedVoice

GONE = Sentence("This clip is gone already. Please start again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A voice that a member asks for. `replaces` is a voice of theirs to get another clip.

    `giver_id` is whose voice it is, None: their own. `language` is what is spoken in the clip, if
    they say so.
    """

    owner_id: int
    guild_id: int | None
    name: str
    agreed: bool
    size_bytes: int
    giver_id: int | None = None
    replaces: VoiceRow | None = None
    language: str | None = None

    @property
    def person_id(self) -> int:
        """Whose voice it is."""
        return self.owner_id if self.giver_id is None else self.giver_id


@dataclass(frozen=True, slots=True)
class DraftClip:
    """The file of a draft: see `bot.clips.judge.JudgedClip`."""

    sha256: str
    duration_s: float
    voiced_s: float


@dataclass(frozen=True, slots=True)
class Draft:
    """A clip that passed, to be tried out and then kept or thrown away."""

    wish: Wish
    path: Path
    clip: DraftClip
    consented_at: float

    @property
    def speaker(self) -> Speaker:
        """Its owner, speaking in it."""
        return Speaker(
            voice=ClonedVoice(
                clip_sha256=self.clip.sha256,
                clip_path=str(self.path),
                owner_id=self.wish.owner_id,
            ),
            guild_id=self.wish.guild_id or 0,
            user_id=self.wish.owner_id,
            voice_language=self.wish.language,
        )


class Drafts:
    """All of them, each with whatever shows it to a member."""

    def __init__(self) -> None:
        self._drafts: dict[Path, Draft] = {}
        self._shown: dict[Path, Callable[[], None]] = {}

    def add(self, draft: Draft) -> None:
        self._drafts[draft.path] = draft

    def __contains__(self, draft: Draft) -> bool:
        return draft.path in self._drafts

    def show(self, draft: Draft, withdrawn: Callable[[], None]) -> None:
        """Have `withdrawn` called should the draft go with somebody's data; the last one counts.

        Raises `UserError` where it is gone already.
        """
        if draft not in self:
            raise UserError(GONE)
        self._shown[draft.path] = withdrawn

    def take(self, draft: Draft) -> bool:
        """Take a draft out, to keep it or to throw it away; false if it is gone already."""
        self._shown.pop(draft.path, None)
        return self._drafts.pop(draft.path, None) is not None

    def withdraw(self, draft: Draft) -> bool:
        """As `take`, and tell whatever shows it."""
        withdrawn = self._shown.get(draft.path)
        if not self.take(draft):
            return False
        if withdrawn is not None:
            withdrawn()
        return True

    def about(self, user_id: int) -> list[Draft]:
        """Those that a person sent, or whose voice they are."""
        return [d for d in self._drafts.values() if user_id in (d.wish.owner_id, d.wish.giver_id)]
