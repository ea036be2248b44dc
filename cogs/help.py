"""`/help`, and the answer to who mentions the bot."""

import logging
import time

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands

from bot.base.cooldown import Cooldown
from bot.base.errors import UserError
from bot.catalogue import gettext, set_reader
from bot.client import TimbreBot
from cogs.asking import manages, moderates
from cogs.command_list import CommandAudience, ListedCommand, detail, listed, overview
from data.bars import Bar

log = logging.getLogger(__name__)

#: Between two answers to mentions in one channel.
_PAUSE_S = 60.0


class HelpCommands(commands.Cog):
    """Says what there is to do."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot
        self._cooldown = Cooldown(_PAUSE_S, time.monotonic)

    @app_commands.command(name="help", description="What I can do, or how one command is used")
    @app_commands.describe(command="A command to explain (default: a list of all)")
    async def show(
        self,
        interaction: discord.Interaction,
        command: app_commands.Range[str, 1, 100] | None = None,
    ) -> None:
        shown = await self._commands(interaction)
        if command is None:
            audiences = set(CommandAudience)
            if not (manages(interaction) or moderates(interaction)):
                audiences -= {CommandAudience.MODERATORS}
            embeds = self._overview(shown, audiences)
            await interaction.response.send_message(embeds=embeds, ephemeral=True)
            return
        asked = " ".join(command.casefold().removeprefix("/").split())
        found = [one for one in shown if one.is_meant_by(asked)]
        if not found:
            raise UserError("I have no such command. `/help` lists all of them.")
        mentions = self.bot.command_mentions
        said = "\n\n".join(detail(one, mentions) for one in found)
        if len(found) > 1:
            said = "\n".join(f"{one.shown(mentions)} {one.description}" for one in found)
        await interaction.response.send_message(said[:2000], ephemeral=True)

    @show.autocomplete("command")
    async def offer(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        typed = typed.casefold().removeprefix("/")
        matching = [
            one
            for one in await self._commands(interaction)
            if typed in one.name.casefold() or typed in one.local_name.casefold()
        ]
        return [app_commands.Choice(name=one.local_name, value=one.name) for one in matching[:25]]

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Answer a message that begins with a mention of the bot."""
        me = self.bot.user
        if me is None or message.author.bot or message.guild is None:
            return
        if not message.content.startswith((f"<@{me.id}>", f"<@!{me.id}>")):
            return
        set_reader(await self.bot.locale_in(message.guild))
        refusal = await self.bot.services.bars.refusal(
            message.author.id, message.guild.id, Bar.EVERYTHING
        )
        if refusal is not None:
            return
        try:
            self._cooldown.require(message.channel.id)
        except UserError:
            return  # the answer stands a few lines above
        self._cooldown.use(message.channel.id)
        shown = [
            one
            for one in listed(self.bot.tree, message.guild)
            if one.audience is CommandAudience.MEMBERS
        ]
        embeds = self._overview(shown, {CommandAudience.MEMBERS})
        try:
            await message.reply(
                self.bot.command_mentions.linked(gettext("Use `/help`: only you see the answer.")),
                embeds=embeds,
                mention_author=False,
                silent=True,
            )
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("a mention could not be answered", extra={"reason": str(error)})

    def _overview(
        self, shown: list[ListedCommand], audiences: set[CommandAudience]
    ) -> list[discord.Embed]:
        return [
            one for one in overview(shown, self.bot.command_mentions, audiences) if one.description
        ]

    async def _commands(self, interaction: discord.Interaction) -> list[ListedCommand]:
        """All commands but those that are not for the caller to know."""
        runs_the_bot = await self.bot.is_owner(interaction.user)
        return [
            one
            for one in listed(self.bot.tree, interaction.guild)
            if runs_the_bot or one.audience is not CommandAudience.OWNER
        ]


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(HelpCommands(bot))
