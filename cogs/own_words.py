"""The commands of `/voice` for what a member is called, and what is said as they come and go."""

import discord
from discord import app_commands
from discord.ext import commands
from discord.utils import escape_markdown

from bot.catalogue import gettext
from bot.client import TimbreBot
from bot.live.guild_options import LINE_MAX_CHARS
from bot.live.own_words import CALLED_MAX_CHARS
from cogs.asking import person_of
from data.member_words import WordsKind

_WHEN = [
    app_commands.Choice(name="I join", value=WordsKind.ARRIVAL.value),
    app_commands.Choice(name="I leave", value=WordsKind.DEPARTURE.value),
]


class OwnWordsCommands(commands.Cog):
    """A part of the group `/voice`."""

    bot: TimbreBot

    @app_commands.command(description="What I call you in this server when I say your name")
    @app_commands.describe(name="What to call you (default: your name on Discord)")
    async def called(
        self,
        interaction: discord.Interaction,
        name: app_commands.Range[str, 1, CALLED_MAX_CHARS] | None = None,
    ) -> None:
        person = person_of(interaction)
        kept = await self.bot.services.own_words.choose(
            person.user_id, person.guild_id, WordsKind.NAME, name
        )
        said = gettext("I call you by your name on Discord again.")
        if kept is not None:
            said = gettext("I call you **{name}** in this server.", name=escape_markdown(kept))
        await interaction.response.send_message(said, ephemeral=True)

    @app_commands.command(description="What I say in your voice when you join or leave")
    @app_commands.describe(when="When to say it", line="What to say (default: nothing)")
    @app_commands.choices(when=_WHEN)
    async def greeting(
        self,
        interaction: discord.Interaction,
        when: str,
        line: app_commands.Range[str, 1, LINE_MAX_CHARS] | None = None,
    ) -> None:
        person, kind = person_of(interaction), WordsKind(when)
        services = self.bot.services
        kept = await services.own_words.choose(person.user_id, person.guild_id, kind, line)
        if kept is None:
            said = gettext("I deleted your line.")
        elif not (await services.server_settings.of(person.guild_id)).own_greetings:
            said = gettext(
                "I noted your line. The moderators of this server do not let me say members' own "
                "lines at the moment."
            )
        elif kind is WordsKind.ARRIVAL:
            said = gettext("I say that in your voice when you join a voice channel that I read in.")
        else:
            said = gettext(
                "I say that in your voice when you leave a voice channel that I read in."
            )
        await interaction.response.send_message(said, ephemeral=True)
