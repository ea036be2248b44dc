"""Whose voice speaks: what a member may choose from, and what their choice means.

Choices travel through Discord as strings, which anybody can forge: every one is checked again
against what the member may do, in `Voices.find`.
"""

import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from discord.utils import escape_markdown

from bot.base.errors import UserError
from bot.catalogue import Joined, Sentence
from bot.speech.speaker import Speaker
from bot.voices.naming import ANOTHERS, SHARED, STOCK, marked
from bot.voices.place import Person, Place
from bot.voices.references import VoiceReference
from bot.voices.rights import ABOUT_OTHERS, EVERYWHERE, OF_SHARED, Action
from bot.voices.sharing import Sharing
from bot.voices.usual import UsualVoice
from data.errors import StoreFailed
from data.rows import VoiceRow
from data.store import Store
from engine.speech import ClonedVoice, EngineInfo, SpeechParameters, StockVoice

log = logging.getLogger(__name__)

_NO_SUCH_VOICE = Sentence(
    "You have no such voice. Pick one from the list that appears as you type."
)
_NOWHERE = Sentence(
    "There is no such voice. Reports and exports name them by number, such as voice:12."
)


@dataclass(frozen=True, slots=True)
class VoiceChoice:
    """One voice that a member may use: what Discord shows, and what it sends back."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class VoicesHere:
    """What a person can speak in, in one server. `usual_id` is what they speak in there.

    `elsewhere` has the other servers that each of their voices is shared with.
    """

    own: list[VoiceRow]
    shared_by_others: list[VoiceRow]
    elsewhere: dict[int, list[int]]
    place: Place
    usual_id: int | None
    chosen_stock: str | None


class Voices:
    """The voices of everybody, seen through what one person may do."""

    def __init__(self, store: Store, home: Path, sharing: Sharing) -> None:
        self._store = store
        self._sharing = sharing
        self._home = home
        self._usual = UsualVoice(store, sharing)

    async def speaker(self, asked: str | None, *, user_id: int, guild_id: int) -> Speaker:
        """How a member speaks in a server.

        In the voice `asked`; without one in the voice they chose there (a stock one, too), or the
        newest of their own, or the server's default, or the engine's. Raises `UserError` for a
        voice that is not there or not theirs to use.
        """
        person = Person(user_id, guild_id)
        if asked is None:
            return await self._usually(person)
        reference = VoiceReference.parse(asked)
        if reference and reference.kind == "stock":
            if not reference.value:
                raise UserError(_NO_SUCH_VOICE)
            stock = StockVoice(reference.value)
            return Speaker(voice=stock, guild_id=guild_id, user_id=user_id)
        voice = await self.find(asked, Action.SPEAK, person)
        await self._note(self._store.moderation.heard(voice.voice_id, guild_id))
        await self._note(self._store.uses.note(voice, user_id, guild_id))
        return self.as_speaker(voice, person)

    async def personal(self, user_id: int) -> list[VoiceChoice]:
        """The voices that are a person's own and may be used everywhere.

        One that is theirs by another member's permission is that member's voice.
        """
        place = await self.place(Person(user_id, 0))
        return [
            VoiceChoice(voice.name, str(VoiceReference.to_voice(voice)))
            for voice in await self._store.voices.owned_by(user_id, 0)
            if place.permits(Action.SPEAK, voice)
            and await self._store.permissions.of_voice(voice.voice_id) is None
        ]

    async def own(self, asked: str, user_id: int) -> Speaker:
        """How a person speaks in a voice of theirs outside of any server. Raises `UserError`."""
        person = Person(user_id, 0)
        voice = await self.find(asked, Action.SPEAK, person)
        await self._note(self._store.uses.note(voice, user_id, 0))
        return self.as_speaker(voice, person)

    async def find(self, asked: str, action: Action, person: Person) -> VoiceRow:
        """The voice that `asked` names, for `person` to do `action` with it.

        `asked` is a choice's value, or a name: of one's own voice first, then of any that they
        can see. Raises `UserError`; a voice that they cannot see is as one that is not there, and
        where it matters whose it is a name must not be that of several.
        """
        place = await self.place(person)
        unknown = _NOWHERE if action in EVERYWHERE else _NO_SUCH_VOICE
        refusal = unknown
        found: list[VoiceRow] = []
        for voice in await self._named(asked, person):
            if place.permits(action, voice):
                found.append(voice)
            elif refusal == unknown and place.permits(Action.SEE, voice):
                name = escape_markdown(voice.name)
                refusal = Sentence("You may not do that with the voice {voice}.", voice=name)
                if place.permits(action, voice, even_disabled=True):
                    refusal = Sentence("The voice {voice} is disabled here.", voice=name)
        if not found:
            raise UserError(refusal)
        own = found[0].owner_id == person.user_id
        if len(found) > 1 and (action in ABOUT_OTHERS or (action is Action.DELETE and not own)):
            which = Joined(
                tuple(
                    Sentence(
                        "{voice} of <@{owner_id}>",
                        voice=str(VoiceReference.to_voice(v)),
                        owner_id=v.owner_id,
                    )
                    for v in found[:10]
                ),
                by=", ",
            )
            raise UserError(
                "Several voices are called that: {which}. Give me the number of the one that you "
                "mean.",
                which=which,
            )
        if action in OF_SHARED and not own and not await self._stands(found[0], person):
            return await self.find(asked, action, person)  # without that share
        return found[0]

    async def choices(
        self, typed: str, action: Action, info: EngineInfo | None, person: Person
    ) -> list[VoiceChoice]:
        """As `offer`, and then stock voices."""
        offered = await self.offer("", action, person)
        if info:
            offered += [
                VoiceChoice(marked(name, STOCK), str(VoiceReference("stock", name)))
                for name in info.stock_voices
            ]
        return [choice for choice in offered if typed.casefold() in choice.label.casefold()]

    async def offer(self, typed: str, action: Action, person: Person) -> list[VoiceChoice]:
        offered = []
        place = await self.place(person)
        for voice in await self._within_reach(person):
            if place.permits(action, voice):
                label = voice.name
                if voice.owner_id != person.user_id:
                    label = marked(label, SHARED if place.is_shared(voice) else ANOTHERS)
                offered.append(VoiceChoice(label, str(VoiceReference.to_voice(voice))))
        return [choice for choice in offered if typed.casefold() in choice.label.casefold()]

    async def place(self, person: Person) -> Place:
        return await Place.of(self._store, person)

    async def here(self, person: Person) -> VoicesHere:
        """A person's own voices and the shared ones, as they stand in this server."""
        shared = await self._store.shares.of_guild(person.guild_id)
        usual = await self.used_by(person)
        elsewhere: dict[int, list[int]] = {}
        for share in await self._store.shares.of_owner(person.user_id):
            if share.guild_id != person.guild_id:
                elsewhere.setdefault(share.voice_id, []).append(share.guild_id)
        return VoicesHere(
            own=await self._store.voices.owned_by(person.user_id, person.guild_id),
            shared_by_others=[voice for voice in shared if voice.owner_id != person.user_id],
            elsewhere=elsewhere,
            place=await self.place(person),
            usual_id=usual.voice_id if usual else None,
            chosen_stock=await self._usual.stock(person),
        )

    def stock_voice(self, asked: str, info: EngineInfo | None) -> str | None:
        """The name of the stock voice that `asked` names; None where it is not about one.

        Raises `UserError` for a choice of one that the engine does not have.
        """
        reference = VoiceReference.parse(asked)
        chosen = reference is not None and reference.kind == "stock"
        name = reference.value if reference and chosen else asked
        known = {one.casefold(): one for one in info.stock_voices} if info else {}
        if chosen and name.casefold() not in known:
            raise UserError(_NO_SUCH_VOICE)
        return known.get(name.casefold())

    async def meant(self, asked: str, info: EngineInfo | None, person: Person) -> str:
        """What a member who typed `asked` wants to speak in, as `speaker` takes it.

        The name of a stock voice stands for it, unless a voice that they can use has that name.
        """
        if VoiceReference.parse(asked) or (stock := self.stock_voice(asked, info)) is None:
            return asked
        try:
            await self.find(asked, Action.SPEAK, person)
        except UserError:
            return str(VoiceReference("stock", stock))
        return asked

    def as_speaker(self, voice: VoiceRow, person: Person) -> Speaker:
        return Speaker(
            voice=ClonedVoice(
                clip_sha256=voice.clip_sha256,
                clip_path=str(self._home / voice.clip_path),
                owner_id=voice.owner_id,
            ),
            parameters=msgspec.convert(voice, SpeechParameters, from_attributes=True),
            guild_id=person.guild_id,
            user_id=person.user_id,
            voice_language=voice.language,
            voice_model=voice.model,
        )

    async def used_by(self, person: Person) -> VoiceRow | None:
        if await self._usual.stock(person) is not None:
            return None
        return (await self._usual.voice(person))[0]

    async def _note(self, noting: Awaitable[object]) -> None:
        try:
            await noting
        except StoreFailed as error:  # nobody falls silent because a disk is full
            log.error("a voice's use could not be noted", exc_info=error)

    async def _usually(self, person: Person) -> Speaker:
        stock = await self._usual.stock(person)
        if stock is not None:
            return Speaker(
                voice=StockVoice(stock), guild_id=person.guild_id, user_id=person.user_id
            )
        voice, note = await self._usual.voice(person)
        if voice is None:
            return Speaker(guild_id=person.guild_id, user_id=person.user_id, note=note)
        if voice.owner_id == person.user_id and person.guild_id not in (0, voice.origin_guild_id):
            # It is used here too, should the server in which it was registered remove the bot.
            await self._note(
                self._store.choices.settle_on(person.user_id, person.guild_id, voice.voice_id)
            )
        await self._note(self._store.uses.note(voice, person.user_id, person.guild_id))
        return msgspec.structs.replace(self.as_speaker(voice, person), note=note)

    async def _stands(self, voice: VoiceRow, person: Person) -> bool:
        return await self._sharing.stands(voice, person.guild_id)

    async def _named(self, asked: str, person: Person) -> list[VoiceRow]:
        reference = VoiceReference.parse(asked)
        if reference and reference.kind == "voice":
            if not reference.value:
                return []
            voice = await self._store.voices.get(int(reference.value))
            return [voice] if voice else []
        within_reach = await self._within_reach(person)
        return [voice for voice in within_reach if voice.name.casefold() == asked.casefold()]

    async def _within_reach(self, person: Person) -> list[VoiceRow]:
        """What a person may have something to do with, their own first."""
        voices = await self._store.voices.owned_by(person.user_id, person.guild_id)
        voices += await self._store.shares.of_guild(person.guild_id)
        if person.moderates:
            voices += await self._store.moderation.known_in(person.guild_id)
        if person.runs_the_bot:
            voices += await self._store.voices.all()
        return list({voice.voice_id: voice for voice in voices}.values())
