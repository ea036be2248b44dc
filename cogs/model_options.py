"""The engine's models as an option of commands: what is offered while one is typed."""

from typing import Annotated

import discord
from discord import app_commands

from bot.catalogue import gettext
from cogs.asking import bot_of

#: Stands for none in particular.
AUTOMATIC = "automatic"


class _ModelName(app_commands.Transformer):
    """A model as it was typed. The services check it: anything can be typed, and forged."""

    min_value = 1
    max_value = 60

    async def transform(self, _: discord.Interaction, value: str, /) -> str:
        return value

    async def autocomplete(  # type: ignore[override]  # the option is a string
        self, interaction: discord.Interaction, typed: str, /
    ) -> list[app_commands.Choice[str]]:
        engine = bot_of(interaction).services.executor.status().engine
        choices = [
            app_commands.Choice(name=gettext("Automatic"), value=AUTOMATIC),
            *(
                app_commands.Choice(name=one, value=one)
                for one in (engine.models if engine else ())
            ),
        ]
        return [one for one in choices if typed.casefold() in one.name.casefold()]


LoadedModel = Annotated[str, _ModelName()]
