"""Languages as options of commands: what is offered while one is typed, and what was meant."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

import discord
from discord import app_commands

from bot.base.errors import UserError
from bot.catalogue import gettext
from bot.client import TimbreBot
from bot.speech.languages import LANGUAGES, language_named, languages_by_name
from bot.voices.place import Person
from cogs.asking import bot_of, person_of
from cogs.engine_facts import languages_read

_AUTOMATIC = "automatic"

LanguageOffer = Callable[[TimbreBot, Person], Awaitable[Sequence[str]]]


class _LanguageName(app_commands.Transformer):
    """A language as it was typed; `language_of` reads it. Offered by both of its names."""

    min_value = 1
    max_value = 60

    def __init__(self, offered: LanguageOffer) -> None:
        self._offered = offered

    async def transform(self, _: discord.Interaction, value: str, /) -> str:
        return value

    async def autocomplete(  # type: ignore[override]  # the option is a string
        self, interaction: discord.Interaction, typed: str, /
    ) -> list[app_commands.Choice[str]]:
        offered = await self._offered(bot_of(interaction), person_of(interaction))
        choices = [
            app_commands.Choice(name=gettext("Automatic"), value=_AUTOMATIC),
            *(
                app_commands.Choice(name=one.label, value=one.code)
                for one in languages_by_name(offered)
            ),
        ]
        return [one for one in choices if typed.casefold() in one.name.casefold()][:25]


async def _readable(bot: TimbreBot, person: Person) -> Sequence[str]:
    return await bot.services.line_languages.offered(person.guild_id, languages_read(bot))


async def _every(_bot: TimbreBot, _person: Person) -> Sequence[str]:
    return tuple(LANGUAGES)


#: Options of commands: what can be read where it is typed; whatever some engine reads.
ReadLanguage = Annotated[str, _LanguageName(_readable)]
AnyLanguage = Annotated[str, _LanguageName(_every)]


def language_of(typed: str | None) -> str | None:
    """The code of a language that was typed, None for none in particular. Raises `UserError`."""
    if typed is None or typed.strip().casefold() == _AUTOMATIC:
        return None
    if (code := language_named(typed)) is None:
        raise UserError("I know no such language. Pick one from the list that appears as you type.")
    return code
