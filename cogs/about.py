"""`/about`: which bot this is, what it can do, and how to have it elsewhere."""

import discord
from discord import app_commands
from discord.ext import commands

import bot as timbre
from bot.base.command_mentions import linked
from bot.base.invitation import invite_link
from bot.catalogue import gettext, ngettext
from bot.client import TimbreBot
from cogs.engine_facts import who_speaks


class AboutCommands(commands.Cog):
    """Introduces the bot."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot

    @app_commands.command(description="Which bot this is: version, voices, links")
    async def about(self, interaction: discord.Interaction) -> None:
        count = await self.bot.services.peers.servers()
        lines = [
            gettext("I speak what you write."),
            ngettext(
                "**Version** {version}, started {since}, in {count} server",
                "**Version** {version}, started {since}, in {count:,} servers",
                count,
                version=timbre.__version__,
                since=f"<t:{self.bot.started_at.timestamp():.0f}:R>",
            ),
            gettext("**Voices** {voices}", voices=_voices(self.bot)),
            gettext("**Speech** {speech}", speech=who_speaks(self.bot)),
            gettext("**Commands** `/help`"),
            gettext("**Your data** `/privacy policy`"),
        ]
        if source := self.bot.services.settings.source_url:
            lines.append(gettext("**Source** <{source}>", source=source))
        if (application_id := self.bot.application_id) is not None:
            lines.append(gettext("[Add me to a server]({link})", link=invite_link(application_id)))
        embed = discord.Embed(
            title=f"Timbre {timbre.__version__}",
            description=linked(interaction, "\n".join(lines)),
        )
        await interaction.response.send_message(embed=embed, ephemeral=True)


def _voices(bot: TimbreBot) -> str:
    """Which voices there can be, in a sentence."""
    engine = bot.services.executor.status().engine
    if engine is None:
        return gettext("I do not know yet, because my speech engine is still being loaded.")
    count = len(engine.stock_voices)
    if engine.clones_voices:
        return ngettext(
            "Members' own voices, and {count} stock voice.",
            "Members' own voices, and {count} stock voices.",
            count,
        )
    return ngettext(
        "{count} stock voice, and no voices of members.",
        "{count} stock voices, and no voices of members.",
        count,
    )


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(AboutCommands(bot))
