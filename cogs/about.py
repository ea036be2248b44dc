"""`/about`: which bot this is, what it can do, and how to have it elsewhere."""

import discord
from discord import app_commands
from discord.ext import commands

import bot as timbre
from bot.base.command_mentions import linked
from bot.base.invitation import invite_link
from bot.client import TimbreBot
from cogs.asking import who_speaks


class AboutCommands(commands.Cog):
    """Introduces the bot."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot

    @app_commands.command(description="Which bot this is: version, voices, links")
    async def about(self, interaction: discord.Interaction) -> None:
        count = await self.bot.services.peers.servers()
        servers = "1 server" if count == 1 else f"{count:,} servers"
        lines = [
            "I speak what you write.",
            f"**Version** {timbre.__version__}, running since <t:"
            f"{self.bot.started_at.timestamp():.0f}:R>, in {servers}",
            f"**Voices** {_voices(self.bot)}",
            f"**Speech** {who_speaks(self.bot)}",
            "**Commands** `/help`",
            "**Your data** `/privacy policy`",
        ]
        if source := self.bot.services.settings.source_url:
            lines.append(f"**Source** <{source}>")
        if (application_id := self.bot.application_id) is not None:
            lines.append(f"[Add me to a server]({invite_link(application_id)})")
        embed = discord.Embed(
            title=f"Timbre {timbre.__version__}", description=linked(interaction, "\n".join(lines))
        )
        await interaction.response.send_message(embed=embed, ephemeral=True)


def _voices(bot: TimbreBot) -> str:
    """Which voices there can be, in a sentence."""
    engine = bot.services.executor.status().engine
    if engine is None:
        return "I do not know yet, because my speech engine is still being loaded."
    count = len(engine.stock_voices)
    stock = "1 stock voice" if count == 1 else f"{count} stock voices"
    if engine.clones_voices:
        return f"Members' own voices, and {stock}."
    return f"{stock[0].upper()}{stock[1:]}, and no voices of members. {engine.reason}"


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(AboutCommands(bot))
