"""Buttons and forms that nobody knows any more: whoever uses one is told so."""

import discord
from discord.ext import commands

from bot.base.errors import tell
from bot.catalogue import Sentence
from bot.client import TimbreBot
from cogs.panels import KNOWN

_OF_PANELS = (discord.InteractionType.component, discord.InteractionType.modal_submit)


class UnknownPanels(commands.Cog):
    """Of those that are over, and those from before this process began."""

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        # Noted by now where it is known: discord.py asks that first.
        if interaction.type in _OF_PANELS and KNOWN not in interaction.extras:
            await tell(
                interaction,
                Sentence(
                    "That does nothing any more: it was used, it was open for too long, or I was "
                    "started anew. If you still want it, please use the command again."
                ),
            )


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(UnknownPanels())
