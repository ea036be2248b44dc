"""`/voice-admin`: what those who manage a server decide about voices in it.

A group of its own, because Discord hides whole commands from members, never single subcommands.
"""

from typing import Annotated

import discord
from discord import app_commands
from discord.ext import commands
from discord.utils import escape_markdown

from bot.client import TimbreBot
from bot.voices.references import VoiceReference
from bot.voices.rights import Action
from cogs.asking import DisabledVoice, person_of, voice_to

_REPORTS_MAX = 5


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class ModerationCommands(
    commands.GroupCog, group_name="voice-admin", group_description="Voices in this server"
):
    """Commands for moderators. A server can hand them to others, so each is checked when used."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot
        self.services = bot.services

    @app_commands.command(description="Let nobody speak in a voice in this server")
    @app_commands.describe(voice="Which voice")
    @app_commands.checks.has_permissions(manage_guild=True)
    async def disable(
        self, interaction: discord.Interaction, voice: Annotated[str, voice_to(Action.DISABLE)]
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        found = await self.services.voice_moderation.disable(voice, person_of(interaction))
        await interaction.edit_original_response(
            content=f"Nobody can speak in **{escape_markdown(found.name)}** in this server now, "
            "and its clip cannot be registered here again."
        )

    @app_commands.command(description="Allow a voice in this server again")
    @app_commands.describe(voice="Which voice")
    @app_commands.checks.has_permissions(manage_guild=True)
    async def enable(self, interaction: discord.Interaction, voice: DisabledVoice) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        found = await self.services.voice_moderation.enable(voice, person_of(interaction))
        await interaction.edit_original_response(
            content=f"**{escape_markdown(found.name)}** can be spoken in here again."
            if found
            else "The clip of that deleted voice can be registered here again."
        )

    @app_commands.command(description="The voice of members who have none of their own")
    @app_commands.describe(voice="A voice shared with this server; nothing for the stock voice")
    @app_commands.checks.has_permissions(manage_guild=True)
    async def default(
        self,
        interaction: discord.Interaction,
        voice: Annotated[str, voice_to(Action.SET_DEFAULT)] | None = None,
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        found = await self.services.voice_keeping.set_default(voice, person_of(interaction))
        name = f"**{escape_markdown(found.name)}**" if found else "the stock voice"
        await interaction.edit_original_response(
            content=f"Members without a voice of their own speak in {name} here."
        )

    @app_commands.command(description="What members reported about voices here")
    @app_commands.checks.has_permissions(manage_guild=True)
    async def reports(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        person = person_of(interaction)
        reports = await self.services.voice_moderation.reports(person)
        copies = await self.services.voice_moderation.copies(person)
        lines = [
            f"<@{copy.user_id}> sent another member's voice as their own <t:{copy.sent_at:.0f}:R>. "
            "I refused it."
            for copy in copies[:_REPORTS_MAX]
        ]
        lines += [
            f"**{escape_markdown(voice.name)}** ({VoiceReference.to_voice(voice)}) of "
            f"<@{voice.owner_id}>, reported by "
            f"<@{report.user_id}> <t:{report.reported_at:.0f}:R>: {escape_markdown(report.reason)}"
            for voice, report in reports[:_REPORTS_MAX]
        ]
        if len(reports) > _REPORTS_MAX:
            lines.append(f"… and {len(reports) - _REPORTS_MAX} older ones.")
        await interaction.edit_original_response(
            content="\n".join(lines)[:2000] or "Nobody has reported a voice here."
        )


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(ModerationCommands(bot))
