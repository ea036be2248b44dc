"""`/privacy`: what is stored about the caller: shown, handed over, deleted. Also in messages."""

import io

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.base.errors import UserError
from bot.client import TimbreBot
from cogs.panels import Panel

_CONFIRM_WITHIN_S = 120.0

_WHAT = {
    "users": "records of your user id",
    "voices": "voices",
    "voice_shares": "servers a voice is shared with",
    "voice_choices": "choices of a voice in a server",
    "voice_reports": "reports you made",
    "disabled_voices": "times that moderators disabled a voice of yours",
    "conditionals_cache": "analysed clips",
    "speech_cache": "pieces of speech made in your voices",
}


class PrivacyCommands(commands.GroupCog, group_name="privacy", group_description="Your data"):
    """Commands about the caller's own data."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot
        self.services = bot.services

    @app_commands.command(description="What I have stored about you")
    async def info(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        counts = await self.services.privacy.counts(interaction.user.id)
        lines = [f"- {_WHAT.get(table, table)}: {count}" for table, count in counts.items()]
        stored = "\n".join(lines) if lines else "Nothing."
        await interaction.edit_original_response(
            content=f"**What I have stored about you**\n{stored}\n"
            "What you write and what anybody says is never stored. `/privacy export` hands all of "
            "it to you, `/privacy delete` deletes it."
        )

    @app_commands.command(description="Everything I have stored about you, as a file")
    async def export(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        archive = await self.services.privacy.export(interaction.user.id)
        if len(archive) > interaction.filesize_limit:
            raise UserError(
                "Your data is larger than a file may be here. Whoever runs this bot can hand it "
                "to you."
            )
        await interaction.edit_original_response(
            attachments=[discord.File(io.BytesIO(archive), filename="timbre-export.zip")]
        )

    @app_commands.command(description="Delete everything I have stored about you")
    async def delete(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(
            "This deletes your voices, their clips and everything made from them, in every "
            "server, and that your messages are not to be read. It cannot be undone.",
            view=Confirmation(self.bot, interaction),
            ephemeral=True,
        )


class Confirmation(Panel):
    """One button that deletes its owner."""

    refusal = "This is for somebody else to decide."

    def __init__(self, bot: TimbreBot, shown_by: discord.Interaction) -> None:
        super().__init__(shown_by.user.id, timeout_s=_CONFIRM_WITHIN_S)
        self.bot = bot
        self._shown_by = shown_by

    @ui.button(label="Delete everything", style=discord.ButtonStyle.danger)
    async def confirm(self, interaction: discord.Interaction, _: ui.Button["Confirmation"]) -> None:
        await interaction.response.defer()
        self.stop()
        deletion = await self.bot.services.privacy.delete(interaction.user.id)
        await interaction.edit_original_response(
            content=f"Everything about you is deleted.{deletion.remains}", view=None
        )

    async def on_timeout(self) -> None:
        await self._shown_by.edit_original_response(
            content="You did not confirm, so nothing was deleted.", view=None
        )


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(PrivacyCommands(bot))
