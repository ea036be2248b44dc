"""`/settings`: everything that a server can choose, shown and changed in one place."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TimbreBot
from bot.live.option import Page
from cogs.settings_panel import SettingsPanel


class SettingsCommands(commands.Cog):
    """Opens the panel."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot

    @app_commands.command(description="Show and change how I read in this server")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def settings(self, interaction: discord.Interaction) -> None:
        panel = await SettingsPanel.of(self.bot, interaction, Page.READING)
        await interaction.response.send_message(embed=panel.embed, view=panel, ephemeral=True)


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(SettingsCommands(bot))
