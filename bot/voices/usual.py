"""The voice in which a member speaks who names none."""

from discord.utils import escape_markdown

from bot.catalogue import Said, Sentence
from bot.voices.place import Person, Place
from bot.voices.rights import Action
from bot.voices.sharing import Sharing
from data.rows import VoiceRow
from data.store import Store


class UsualVoice:
    """By person: what they chose where they are, or the newest of their own, or the server's."""

    def __init__(self, store: Store, sharing: Sharing) -> None:
        self._store = store
        self._sharing = sharing

    async def stock(self, person: Person) -> str | None:
        """The stock voice that a person chose; None where it is none."""
        chosen = await self._store.choices.get(person.user_id, person.guild_id)
        return chosen if isinstance(chosen, str) else None

    async def voice(self, person: Person) -> tuple[VoiceRow | None, Said | None]:
        """The voice, and a sentence where a preferred one is disabled."""
        note: Said | None = None
        preferred = await self._in_order_of_preference(person)
        if not preferred:  # as of most members: nobody has to ask what is theirs to use
            return None, None
        place = await Place.of(self._store, person)
        for voice in preferred:
            if place.permits(Action.SPEAK, voice):
                own = voice.owner_id == person.user_id
                if not own and not await self._sharing.stands(voice, person.guild_id):
                    return await self.voice(person)  # without their shares
                return voice, note
            if place.permits(Action.SPEAK, voice, even_disabled=True):
                name = escape_markdown(voice.name)
                note = note or Sentence(
                    "The voice {voice} is disabled here, so another one is speaking.", voice=name
                )
        return None, note

    async def _in_order_of_preference(self, person: Person) -> list[VoiceRow]:
        chosen = await self._store.choices.get(person.user_id, person.guild_id)
        own = await self._store.voices.owned_by(person.user_id, person.guild_id)
        newest_first = [v.voice_id for v in sorted(own, key=lambda v: -v.voice_id)]
        default = (await self._store.guild_settings.get(person.guild_id)).default_voice_id
        ids = dict.fromkeys([chosen, *newest_first, default])
        found = [await self._store.voices.get(one) for one in ids if isinstance(one, int)]
        return [voice for voice in found if voice is not None]
