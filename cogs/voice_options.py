"""Voices as options of commands: what is offered while one is typed."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import discord
from discord import app_commands

from bot.base.errors import UserError
from bot.client import TimbreBot
from bot.voices.choosing import VoiceChoice
from bot.voices.place import Person
from bot.voices.rights import Action
from cogs.asking import bot_of, person_of

Offer = Callable[[TimbreBot, Person, str], Awaitable[list[VoiceChoice]]]


class _VoiceName(app_commands.Transformer):
    """A voice as it was typed. The services check it: anything can be typed, and forged."""

    min_value = 1
    max_value = 100

    def __init__(self, offer: Offer) -> None:
        self._offer = offer

    async def transform(self, _: discord.Interaction, value: str, /) -> str:
        return value

    async def autocomplete(  # type: ignore[override]  # the option is a string
        self, interaction: discord.Interaction, typed: str, /
    ) -> list[app_commands.Choice[str]]:
        """As many as Discord shows, with labels as long as it shows them.

        None where many others type at the moment: the database is everybody's.
        """
        bot, person = bot_of(interaction), person_of(interaction)
        try:
            async with bot.completions.turn(person.guild_id, person.user_id):
                offered = await self._offer(bot, person, typed)
        except UserError:
            return []
        return [app_commands.Choice(name=one.label[:100], value=one.value) for one in offered[:25]]


def voice_to(action: Action) -> _VoiceName:
    """The option of a command that does `action` with a voice: offers those that may be used so."""

    async def offer(bot: TimbreBot, person: Person, typed: str) -> list[VoiceChoice]:
        return await bot.services.voices.offer(typed, action, person)

    return _VoiceName(offer)


def _or_stock(action: Action) -> Offer:
    """What may be used for `action`, stock voices too."""

    async def offer(bot: TimbreBot, person: Person, typed: str) -> list[VoiceChoice]:
        engine = bot.services.executor.status().engine
        return await bot.services.voices.choices(typed, action, engine, person)

    return offer


class _SpokenVoiceName(_VoiceName):
    """A voice to speak in; the name of a stock voice, typed and not picked, is one as well."""

    async def transform(self, interaction: discord.Interaction, value: str, /) -> str:
        services = bot_of(interaction).services
        engine = services.executor.status().engine
        return await services.voices.meant(value, engine, person_of(interaction))


async def _stock(bot: TimbreBot, _person: Person, typed: str) -> list[VoiceChoice]:
    engine = bot.services.executor.status().engine
    names = engine.stock_voices if engine else ()
    return [VoiceChoice(name, name) for name in names if typed.casefold() in name.casefold()]


async def _disabled(bot: TimbreBot, person: Person, typed: str) -> list[VoiceChoice]:
    return await bot.services.voice_moderation.offer_enabling(typed, person)


#: Options of commands, by what they offer while it is typed: all that the caller may speak in, and
#: all that may speak for members without a voice, stock voices too; stock voices alone; what is
#: disabled in the server; nothing.
SpokenVoice = Annotated[str, _SpokenVoiceName(_or_stock(Action.SPEAK))]
DefaultVoice = Annotated[str, _VoiceName(_or_stock(Action.SET_DEFAULT))]
StockVoiceName = Annotated[str, _VoiceName(_stock)]
DisabledVoice = Annotated[str, _VoiceName(_disabled)]
UnofferedVoice = app_commands.Range[str, 1, 100]
