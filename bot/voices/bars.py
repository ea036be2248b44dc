"""Barring a person: from voices of their own, or from everything but what they may always do.

Their data stays theirs: `/privacy` works for whoever is barred.
"""

from bot.base.errors import UserError
from bot.speech.notices import Concern
from bot.speech.service import SpeechService
from bot.voices.place import Person
from data.bars import Bar
from data.store import Store

_BARRED = "The speaker was barred here, so I stopped."


class Bars:
    """Each method that changes something asks first whether this person may do it."""

    def __init__(self, store: Store, speech: SpeechService) -> None:
        self._bars = store.bars
        self._speech = speech

    async def bar(self, user_id: int, kind: Bar, by: Person) -> None:
        """Bar a person in the server of `by`, or everywhere where they run the bot.

        In the middle of what they say, and of what is said in their voices. Raises `UserError`.
        """
        guild_id = _scope(by)
        if user_id == by.user_id:
            raise UserError("You cannot bar yourself.")
        await self._bars.add(user_id, guild_id, kind)
        concerns = [Concern(owner_id=user_id, guild_id=guild_id)]
        if kind is Bar.EVERYTHING:
            concerns.append(Concern(user_id=user_id, guild_id=guild_id))
        await self._speech.withdraw(*concerns, sentence=_BARRED)

    async def admit(self, user_id: int, by: Person) -> None:
        """Undo `bar`. Raises `UserError` for who is not barred there."""
        if not await self._bars.remove(user_id, _scope(by)):
            raise UserError("That person is not barred.")

    async def refusal(self, user_id: int, guild_id: int, kind: Bar) -> str | None:
        """Why a person may not do something of `kind`, in a sentence; None where they may."""
        barred = await self._bars.of(user_id, guild_id)
        counts = {where: bar for where, bar in barred.items() if bar in (kind, Bar.EVERYTHING)}
        if not counts:
            return None
        from_what = "having voices" if kind is Bar.VOICES else "using me"
        if None in counts:
            return f"Whoever runs this bot has barred you from {from_what}."
        return f"The moderators of this server have barred you from {from_what} here."


def _scope(by: Person) -> int | None:
    if by.runs_the_bot:
        return None
    if not by.moderates:
        raise UserError("Only those who may manage the server can decide that.")
    return by.guild_id
