"""Barring a person: from speaking, from voices of their own, or from all that is not their right.

Their data stays theirs: `/privacy` works for whoever is barred.
"""

from collections.abc import Callable, Iterable

from bot.base.errors import UserError
from bot.catalogue import Joined, Said, Sentence
from bot.speech.notices import Concern
from bot.speech.service import SpeechService
from bot.voices.place import Person
from data.bars import Bar, BarRow
from data.store import Store
from engine.errors import VoiceUnusable

#: In the extras of a command: the kind of bar that is enough to be refused it.
BARRED_BY = "barred by"

_BARRED = VoiceUnusable("I stopped: the member who spoke was barred.")
_EVERYWHERE = {
    Bar.SAY: Sentence("Whoever runs me does not let you use the commands that make me speak."),
    Bar.VOICES: Sentence("Whoever runs me has barred you from having voices."),
    Bar.EVERYTHING: Sentence(
        "Whoever runs me has barred you from using me. `/privacy info` and the other privacy "
        "commands still work."
    ),
}
_HERE = {
    Bar.SAY: Sentence(
        "The moderators of this server do not let you use the commands that make me speak."
    ),
    Bar.VOICES: Sentence("The moderators of this server have barred you from having voices here."),
    Bar.EVERYTHING: Sentence(
        "The moderators of this server have barred you from using me here. `/privacy info` and the "
        "other privacy commands still work."
    ),
}


class Bars:
    """Each method that changes something asks first whether this person may do it.

    `clock` gives UTC in Unix seconds.
    """

    def __init__(self, store: Store, speech: SpeechService, clock: Callable[[], float]) -> None:
        self._bars = store.bars
        self._speech = speech
        self._clock = clock

    async def bar(
        self, user_id: int, kind: Bar, by: Person, *, for_s: float | None = None
    ) -> float | None:
        """Bar a person in the server of `by`, or everywhere where they run the bot.

        In the middle of what they say, and of what is said in their voices. It ends after `for_s`;
        returns when that is. Raises `UserError`.
        """
        guild_id = _scope(by)
        if user_id == by.user_id:
            raise UserError("You cannot bar yourself.")
        ends_at = None if for_s is None else self._clock() + for_s
        await self._bars.add(user_id, guild_id, kind, ends_at)
        concerns = []
        if kind is not Bar.VOICES:
            concerns.append(Concern(user_id=user_id, guild_id=guild_id))
        if kind is not Bar.SAY:
            concerns.append(Concern(owner_id=user_id, guild_id=guild_id))
        await self._speech.withdraw(*concerns, reason=_BARRED)
        return ends_at

    async def admit(self, user_id: int, by: Person) -> None:
        """Undo `bar`. Raises `UserError` for who is not barred there."""
        if not await self._bars.remove(user_id, _scope(by)):
            raise UserError("That person is not barred.")

    async def refusal(self, user_id: int, guild_id: int, kind: Bar) -> Said | None:
        """Why a person may not do something of `kind`, in words; None where they may."""
        return refusal_by((await self._bars.of(user_id, guild_id)).values(), kind)

    async def of(self, user_id: int, guild_id: int) -> list[Said]:
        """How a person is barred in a server or everywhere, in words."""
        bars = await self._bars.of(user_id, guild_id)
        return [
            ending((_HERE if bar.guild_id else _EVERYWHERE)[bar.kind], bar.ends_at)
            for bar in bars.values()
        ]


def refusal_by(bars: Iterable[BarRow], kind: Bar) -> Said | None:
    """Why who is barred so may not do something of `kind`, in words; None where they may."""
    counts = [bar for bar in bars if bar.kind in (kind, Bar.EVERYTHING)]
    if not counts:
        return None
    widest = min(counts, key=lambda bar: (bar.guild_id is not None, bar.kind is not kind))
    said = Bar.VOICES if kind is Bar.VOICES else widest.kind
    return ending((_HERE if widest.guild_id else _EVERYWHERE)[said], widest.ends_at)


def ending(said: Said, ends_at: float | None) -> Said:
    """What is said of a bar, and then when it ends, if it does."""
    if ends_at is None:
        return said
    return Joined((said, Sentence("That ends {time}.", time=f"<t:{ends_at:.0f}:R>")))


def _scope(by: Person) -> int | None:
    if by.runs_the_bot:
        return None
    if not by.moderates:
        raise UserError("Only those who may manage the server can decide that.")
    return by.guild_id
