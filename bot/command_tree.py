"""Where all commands begin: who is refused, in which language they are answered, what failed."""

import asyncio

import discord
from discord import app_commands
from discord.ext import commands

from bot.base.errors import sentence_for, tell
from bot.base.tasks import TaskSet
from bot.catalogue import Said, Sentence, set_reader
from bot.services import Services
from bot.voices.bars import BARRED_BY
from data.bars import Bar
from data.errors import StoreFailed


class CommandClient(commands.AutoShardedBot):
    """What the tree knows of the bot whose commands these are."""

    services: Services
    closing: bool
    interactions: TaskSet  # being answered


class TimbreTree(app_commands.CommandTree[CommandClient]):
    """Where all commands begin, and where their errors meet."""

    async def interaction_check(self, interaction: discord.Interaction[CommandClient], /) -> bool:
        """Take no more work while the bot is closing, and know what is being answered.

        What the command says is in the caller's language from here on.
        """
        set_reader(interaction.locale)
        if self.client.closing:
            await tell(interaction, Sentence("I am being restarted. Please try again in a moment."))
            return False
        if task := asyncio.current_task():
            self.client.interactions.add(task)
        return await self._admits(interaction)

    async def _admits(self, interaction: discord.Interaction[CommandClient]) -> bool:
        """Whether the caller is not barred. Their data is theirs all the same."""
        command = interaction.command
        if command is not None and command.qualified_name.startswith("privacy "):
            return True
        try:
            kind = command.extras.get(BARRED_BY, Bar.EVERYTHING) if command else Bar.EVERYTHING
            refusal = await self.client.services.bars.refusal(
                interaction.user.id, interaction.guild_id or 0, kind
            )
        except StoreFailed as error:  # outside of commands discord.py tells nobody
            await self._refuse(interaction, sentence_for(error))
            return False
        if refusal is None:
            return True
        await self._refuse(interaction, refusal)
        return False

    async def _refuse(
        self, interaction: discord.Interaction[CommandClient], sentence: Said
    ) -> None:
        """Say why, unless they are still typing."""
        if interaction.type is not discord.InteractionType.autocomplete:
            await tell(interaction, sentence)

    async def on_error(
        self,
        interaction: discord.Interaction[CommandClient],
        error: app_commands.AppCommandError,
        /,
    ) -> None:
        """Tell the caller; nothing fails in silence."""
        await tell(interaction, sentence_for(error))
