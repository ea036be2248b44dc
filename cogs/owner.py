"""`/bot-owner`: what only those who run the bot may do, in every server."""

import discord
from discord import app_commands
from discord.ext import commands
from discord.utils import escape_markdown

from bot.base.errors import UserError
from bot.client import TimbreBot
from bot.voices.references import VoiceReference
from cogs.asking import UnofferedVoice, person_of


@app_commands.default_permissions()
class OwnerCommands(
    commands.GroupCog, group_name="bot-owner", group_description="For who runs this bot"
):
    """Commands for the bot's owner. Discord cannot hide them from administrators: each is checked.

    Voices are named by number here ("voice:12"), as they are in exports and logs.
    """

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot
        self.services = bot.services

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        """Whether the caller runs the bot, by Discord's own word."""
        return await self.bot.is_owner(interaction.user)

    @app_commands.command(name="delete-user", description="Delete everything about a person")
    @app_commands.describe(user_id="Their Discord id")
    async def delete_user(
        self, interaction: discord.Interaction, user_id: app_commands.Range[str, 15, 20]
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        if not (user_id.isascii() and user_id.isdecimal() and int(user_id) < 2**63):
            raise UserError("A user id is a number of 15 to 20 digits.")
        deletion = await self.services.privacy.delete(int(user_id))
        count = deletion.voices
        had = {0: "no voice", 1: "1 voice"}.get(count, f"{count} voices")
        await interaction.edit_original_response(
            content=f"Everything about that person is deleted; they had {had}. What moderators "
            f"decided and open reports stay, without their id.{deletion.remains}"
        )

    @app_commands.command(name="disable", description="Let nobody speak in a voice, anywhere")
    @app_commands.describe(voice="Its name or number (voice:12)")
    async def disable(self, interaction: discord.Interaction, voice: UnofferedVoice) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        person = person_of(interaction, runs_the_bot=True)
        found = await self.services.voice_moderation.disable_everywhere(voice, person)
        await interaction.edit_original_response(
            content=f"**{escape_markdown(found.name)}** is disabled in every server, and its clip "
            "cannot be registered again. Should the voice be deleted, `/bot-owner enable "
            f"voice:{VoiceReference.to_clip(found.clip_sha256)}` still allows the clip."
        )

    @app_commands.command(name="enable", description="Allow a voice again")
    @app_commands.describe(voice="Its name or number (voice:12)")
    async def enable(self, interaction: discord.Interaction, voice: UnofferedVoice) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        person = person_of(interaction, runs_the_bot=True)
        found = await self.services.voice_moderation.enable_everywhere(voice, person)
        await interaction.edit_original_response(
            content=f"**{escape_markdown(found.name)}** is allowed again."
            if found
            else "The clip of that deleted voice can be registered again."
        )


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(OwnerCommands(bot))
