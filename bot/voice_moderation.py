"""Reports by anybody, and voices that moderators or the bot's owner disable."""

from collections.abc import Callable

from bot.cooldown import Cooldown
from bot.errors import UserError
from bot.voice_rights import Action
from bot.voices import Person, Voices
from data.rows import VoiceReport, VoiceRow
from data.store import Store

REASON_MAX_CHARS = 300


class VoiceModeration:
    """Each method asks first whether this person may do it; all raise `UserError`."""

    def __init__(
        self, store: Store, voices: Voices, *, cooldown_s: float, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._voices = voices
        self._cooldown = Cooldown(cooldown_s, clock)

    async def report(self, about: int, reason: str, person: Person) -> None:
        """Tell the moderators about the voice that the member `about` speaks with here.

        Says nothing of whether it is that member's own, or of any voice they do not use.
        """
        self._cooldown.require(person.user_id)
        voice = await self._voices.used_by(Person(about, person.guild_id))
        if voice is None:
            raise UserError("They speak in a stock voice, which is nobody's.")
        found = await self._voices.find(f"voice:{voice.voice_id}", Action.REPORT, person)
        await self._store.moderation.report(
            guild_id=person.guild_id,
            voice_id=found.voice_id,
            user_id=person.user_id,
            reason=reason[:REASON_MAX_CHARS],
        )
        self._cooldown.use(person.user_id)

    async def reports(self, person: Person) -> list[tuple[VoiceRow, VoiceReport]]:
        """What was reported in this server, the newest first, with the voice it is about."""
        if not (person.moderates or person.runs_the_bot):
            raise UserError("Only those who may manage the server can read reports.")
        return [
            (voice, report)
            for report in await self._store.moderation.reports(person.guild_id)
            if (voice := await self._store.voices.get(report.voice_id)) is not None
        ]

    async def disable(self, asked: str, person: Person) -> VoiceRow:
        """Forbid a voice in this server; what is being said in it goes on to its end."""
        voice = await self._voices.find(asked, Action.DISABLE, person)
        await self._store.moderation.disable(voice.voice_id, person.guild_id)
        return voice

    async def enable(self, asked: str, person: Person) -> VoiceRow:
        """Allow a voice in this server again."""
        voice = await self._voices.find(asked, Action.ENABLE, person)
        if not await self._store.moderation.enable(voice.voice_id, person.guild_id):
            raise UserError(f"The voice {voice.name} is not disabled in this server.")
        return voice

    async def disable_everywhere(self, asked: str, person: Person) -> VoiceRow:
        """Forbid a voice in every server."""
        voice = await self._voices.find(asked, Action.DISABLE_EVERYWHERE, person)
        await self._store.voices.disable(voice.voice_id, disabled=True)
        return voice

    async def enable_everywhere(self, asked: str, person: Person) -> VoiceRow:
        """Allow a voice again wherever moderators did not disable it themselves."""
        voice = await self._voices.find(asked, Action.ENABLE_EVERYWHERE, person)
        await self._store.voices.disable(voice.voice_id, disabled=False)
        return voice
