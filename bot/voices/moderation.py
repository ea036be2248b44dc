"""Reports by anybody, and voices that moderators or the bot's owner disable."""

import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime

from bot.base.cooldown import StoredCooldown
from bot.base.errors import UserError
from bot.base.objects import Objects
from bot.catalogue import gettext
from bot.speech.notices import Concern
from bot.speech.service import SpeechService
from bot.voices.choosing import VoiceChoice, Voices
from bot.voices.likeness import voiceprint_of
from bot.voices.place import Person
from bot.voices.references import VoiceReference, clip_digest
from bot.voices.registration import Judge
from bot.voices.rights import Action
from data.rows import CopiedClip, VoiceReport, VoiceRow, VoiceUse
from data.store import Store
from engine.errors import VoiceUnusable
from engine.speech import ClonedVoice

REASON_MAX_CHARS = 300
#: Between two reports of one person.
REPORT_COOLDOWN_S = 30.0
_DISABLED = VoiceUnusable("This voice was disabled here, so I stopped.")


#: A report, with the voice that it is about while there is one.
Reported = tuple[VoiceRow | None, VoiceReport]


class VoiceModeration:
    """Each method asks first whether this person may do it; all raise `UserError`."""

    def __init__(
        self,
        store: Store,
        voices: Voices,
        speech: SpeechService,
        *,
        objects: Objects,
        judge: Judge,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._objects = objects
        self._judge = judge
        self._voices = voices
        self._speech = speech
        self._cooldown = StoredCooldown(store.pauses, "report", REPORT_COOLDOWN_S, clock)

    async def report(self, about_id: int, reason: str, person: Person) -> None:
        """Tell the moderators how the member `about_id` speaks here, whatever their voice is.

        The caller cannot tell whether it is anybody's, nor do moderators learn of a voice that was
        never heard in this server.
        """
        await self._cooldown.require(self._store.pseudonym(person.user_id))
        told = one_line(reason)[:REASON_MAX_CHARS]
        if not told:
            raise UserError("Please say in a few words what is wrong.")
        voice = await self._heard_from(Person(about_id, person.guild_id))
        await self._store.reports.add(
            guild_id=person.guild_id,
            about_id=about_id,
            voice_id=voice.voice_id if voice else None,
            by_id=person.user_id,
            reason=told,
        )
        await self._cooldown.use(self._store.pseudonym(person.user_id))

    async def reports(
        self, person: Person, *, handled: bool = False, about_id: int | None = None
    ) -> list[Reported]:
        """What was reported in this server, the newest first, with the voice if it is still there.

        About one member alone, if named.
        """
        _require_reader(person)
        found = await self._store.reports.of_guild(
            person.guild_id, handled=handled, about_id=about_id
        )
        return [
            (await self._store.voices.get(report.voice_id) if report.voice_id else None, report)
            for report in found
        ]

    async def mark(self, report_id: int, person: Person, *, handled: bool) -> None:
        """Mark a report as handled, or as open again."""
        _require_reader(person)
        if not await self._store.reports.handle(report_id, person.guild_id, handled=handled):
            raise UserError("This report is gone already.")

    async def copies(self, person: Person) -> list[CopiedClip]:
        """Who sent another member's voice as their own in this server, the latest first."""
        _require_reader(person)
        return await self._store.moderation.copies(person.guild_id)

    async def uses(self, asked: str | None, person: Person) -> list[VoiceUse]:
        """Who spoke in other members' voices here lately; in one voice alone, if named."""
        _require_reader(person)
        voice = await self._voices.find(asked, Action.DISABLE, person) if asked else None
        return await self._store.uses.of_guild(person.guild_id, voice.voice_id if voice else None)

    async def disable(self, asked: str, person: Person) -> VoiceRow:
        """Forbid a voice and its clip in this server, in the middle of what it is saying."""
        voice = await self._voices.find(asked, Action.DISABLE, person)
        return await self._disable(voice, person.guild_id)

    async def enable(self, asked: str, person: Person) -> VoiceRow | None:
        """Allow a voice in this server again, or the clip of one that is deleted (None)."""
        if clip := _clip(asked):
            if not (person.moderates or person.runs_the_bot):
                raise UserError("Only those who may manage the server can enable a voice again.")
            await self._enable_clip(clip, person.guild_id)
            return None
        voice = await self._voices.find(asked, Action.ENABLE, person)
        if not await self._enable(voice, person.guild_id):
            raise UserError("The voice {voice} is not disabled in this server.", voice=voice.name)
        return voice

    async def offer_enabling(self, typed: str, person: Person) -> list[VoiceChoice]:
        """What a moderator may allow again here: voices, then clips whose voices are deleted."""
        if not person.moderates:
            return []
        voices = await self._store.moderation.known_in(person.guild_id)
        place = await self._voices.place(person)
        offered = [
            VoiceChoice(voice.name, str(VoiceReference.to_voice(voice)))
            for voice in voices
            if place.is_disabled(voice)
        ]
        alive = {clip_digest(voice.clip_sha256) for voice in voices}
        for clip in await self._store.moderation.disabled_clips(person.guild_id):
            if clip.clip_digest not in alive:
                day = datetime.fromtimestamp(clip.disabled_at, UTC).date()
                label = gettext("A deleted voice, disabled on {day}", day=str(day))
                reference = VoiceReference("clip", clip.clip_digest)
                offered.append(VoiceChoice(label, str(reference)))
        return [choice for choice in offered if typed.casefold() in choice.label.casefold()]

    async def disable_everywhere(self, asked: str, person: Person) -> VoiceRow:
        """Forbid a voice and its clip in every server, wherever it is speaking now."""
        voice = await self._voices.find(asked, Action.DISABLE_EVERYWHERE, person)
        return await self._disable(voice, None)

    async def enable_everywhere(self, asked: str, person: Person) -> VoiceRow | None:
        """Allow a voice again wherever moderators did not disable it themselves.

        Or the clip of one that is deleted (None), named by `VoiceReference.to_clip`.
        """
        if clip := _clip(asked):
            if not person.runs_the_bot:
                raise UserError("Only whoever runs me can enable a voice in every server again.")
            await self._enable_clip(clip, None)
            return None
        voice = await self._voices.find(asked, Action.ENABLE_EVERYWHERE, person)
        await self._enable(voice, None)
        return voice

    async def _heard_from(self, member: Person) -> VoiceRow | None:
        """The voice in which this server hears a member: their usual one, or one they named."""
        known = {v.voice_id for v in await self._store.moderation.known_in(member.guild_id)}
        usual = await self._voices.used_by(member)
        if usual is not None and usual.voice_id in known:
            return usual
        heard = await self._store.moderation.heard_of(member.user_id, member.guild_id)
        return heard[0] if heard else None

    async def _disable(self, voice: VoiceRow, guild_id: int | None) -> VoiceRow:
        async with self._store.transaction():
            for one in await self._of_one_clip(voice):
                await self._store.moderation.disable(one.voice_id, guild_id)
            await self._store.moderation.disable_clip(clip_digest(voice.clip_sha256), guild_id)
        disabled = ClonedVoice(voice.clip_sha256, "", voice.owner_id).identity
        await self._speech.withdraw(Concern(identity=disabled, guild_id=guild_id), reason=_DISABLED)
        voiceprint = await voiceprint_of(self._objects.file(voice.clip_path), self._judge)
        if voiceprint is not None:
            digest = clip_digest(voice.clip_sha256)
            await self._store.moderation.describe_clip(digest, guild_id, voiceprint)
        return voice

    async def _enable(self, voice: VoiceRow, guild_id: int | None) -> bool:
        digest = clip_digest(voice.clip_sha256)
        async with self._store.transaction():
            enabled = [
                await self._store.moderation.enable(one.voice_id, guild_id)
                for one in await self._of_one_clip(voice)
            ]
            return await self._store.moderation.enable_clip(digest, guild_id) or any(enabled)

    async def _of_one_clip(self, voice: VoiceRow) -> list[VoiceRow]:
        """All voices of the same owner with the same clip."""
        voices = await self._store.voices.with_clip(voice.clip_sha256)
        return [one for one in voices if one.owner_id == voice.owner_id]

    async def _enable_clip(self, clip: VoiceReference, guild_id: int | None) -> None:
        if not await self._store.moderation.enable_clip(clip.value, guild_id):
            raise UserError("This clip is not disabled. Pick one from the list.")


def one_line(text: str) -> str:
    """A text on one line, without characters that cannot be seen: it cannot pose as another."""
    seen = (" " if unicodedata.category(one)[0] in "CZ" else one for one in text)
    return " ".join("".join(seen).split())


def _require_reader(person: Person) -> None:
    if not (person.moderates or person.runs_the_bot):
        raise UserError("Only those who may manage the server can read that.")


def _clip(asked: str) -> VoiceReference | None:
    reference = VoiceReference.parse(asked)
    return reference if reference and reference.kind == "clip" else None
