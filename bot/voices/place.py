"""What a person is to the voices in a server, and which of those are disabled there."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from bot.voices.references import clip_digest
from bot.voices.rights import Action, Standing, permitted
from data.rows import VoiceRow
from data.store import Store


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, and what they are in the server where they ask (0: outside of any)."""

    user_id: int
    guild_id: int
    moderates: bool = False
    runs_the_bot: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A server as a person finds it, by ids of voices. `known` is filled for moderators alone.

    `disabled_clips` has since when a clip is. Whoever had made a voice of it before, and whose
    voice is not disabled, speaks on: it may be theirs, and copied. `barred` are the codes of people
    whose voices are all as disabled.
    """

    person: Person
    shared: set[int]
    known: set[int]
    disabled: set[int]
    disabled_clips: dict[str, float]
    barred: frozenset[str]
    pseudonym: Callable[[int], str]

    @classmethod
    async def of(cls, store: Store, person: Person) -> Self:
        guild_id = person.guild_id
        known = await store.moderation.known_in(guild_id) if person.moderates else []
        return cls(
            person,
            shared={voice.voice_id for voice in await store.shares.of_guild(guild_id)},
            known={voice.voice_id for voice in known},
            disabled=await store.moderation.disabled_in(guild_id),
            disabled_clips=await store.moderation.disabled_digests(guild_id),
            barred=await store.bars.voiceless(guild_id),
            pseudonym=store.pseudonym,
        )

    def standings(self, voice: VoiceRow) -> frozenset[Standing]:
        found = {Standing.OTHER}
        in_scope = voice.guild_id in (None, self.person.guild_id)
        if in_scope and voice.owner_id == self.person.user_id:
            found.add(Standing.OWNER)
        if in_scope and self.is_shared(voice):
            found.add(Standing.SHARED_WITH)
        if self.person.moderates and voice.voice_id in self.known:
            found.add(Standing.MODERATOR)
        if self.person.runs_the_bot:
            found.add(Standing.BOT_OWNER)
        return frozenset(found)

    def permits(self, action: Action, voice: VoiceRow, *, even_disabled: bool = False) -> bool:
        """Whether the person may do `action` with a voice here; or could, were it not disabled."""
        disabled = self.is_disabled(voice) and not even_disabled
        return permitted(action, self.standings(voice), disabled=disabled)

    def is_shared(self, voice: VoiceRow) -> bool:
        return voice.voice_id in self.shared

    def is_disabled(self, voice: VoiceRow) -> bool:
        return (
            voice.disabled_at is not None
            or voice.voice_id in self.disabled
            or voice.consented_at
            >= self.disabled_clips.get(clip_digest(voice.clip_sha256), math.inf)
            or bool(self.barred and self.pseudonym(voice.owner_id) in self.barred)
        )
