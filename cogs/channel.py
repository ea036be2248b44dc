"""`/join` and `/leave`: bring the bot into a voice channel and send it away."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.base.errors import UserError
from bot.catalogue import gettext
from bot.channel import reasons
from bot.client import TimbreBot
from cogs.asking import bring, member_of, require_company, session_of


class ChannelCommands(commands.Cog):
    """Moves the bot between voice channels."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot

    @app_commands.command(description="Bring me into a voice channel")
    @app_commands.describe(channel="Where to (default: where you are)")
    @app_commands.guild_only()
    async def join(
        self,
        interaction: discord.Interaction,
        channel: discord.VoiceChannel | discord.StageChannel | None = None,
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        member = member_of(interaction)
        seat = channel or (member.voice.channel if member.voice else None)
        if seat is None:
            raise UserError("Join a voice channel first, or name one.")
        if not seat.permissions_for(member).connect:
            raise UserError("You are not allowed to join {channel}.", channel=seat.mention)
        await bring(interaction, seat)
        await interaction.edit_original_response(
            content=gettext("I am in {channel}.", channel=seat.mention)
        )

    @app_commands.command(description="Send me out of the voice channel")
    @app_commands.guild_only()
    async def leave(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        session = session_of(interaction)
        channel = session.seat
        if channel is None:
            raise UserError(reasons.ABSENT)
        require_company(interaction, session)
        await session.leave()
        await interaction.edit_original_response(
            content=gettext("I left {channel}.", channel=channel.mention)
        )


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(ChannelCommands(bot))
