"""`/join` and `/leave`: bring the bot into a voice channel and send it away."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.base.errors import UserError
from bot.channel import reasons
from bot.client import TimbreBot
from cogs.queue import moderates, require_company


class Channel(commands.Cog):
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
        """Join `channel`, or the caller's own."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        assert isinstance(interaction.user, discord.Member)  # guild_only
        seat = channel or (interaction.user.voice.channel if interaction.user.voice else None)
        if seat is None:
            raise UserError("Join a voice channel first, or tell me which one.")
        if not seat.permissions_for(interaction.user).connect:
            raise UserError(f"You may not join {seat.mention} yourself.")
        session = self.bot.sessions.of(interaction.user.guild)
        await session.join(
            seat,
            asked_in=where_asked(interaction),
            asked_by=interaction.user.id,
            over_others=moderates(interaction, session.seat),
        )
        await interaction.edit_original_response(content=f"I am in {seat.mention}.")

    @app_commands.command(description="Send me out of the voice channel")
    @app_commands.guild_only()
    async def leave(self, interaction: discord.Interaction) -> None:
        """Leave the voice channel of this server."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        assert interaction.guild is not None  # guild_only
        session = self.bot.sessions.of(interaction.guild)
        channel = session.seat
        if channel is None:
            raise UserError(reasons.ABSENT)
        require_company(interaction, session)
        await session.leave()
        await interaction.edit_original_response(content=f"I left {channel.mention}.")


def where_asked(interaction: discord.Interaction) -> discord.abc.Messageable | None:
    """The channel in which a command was used, if one can write there."""
    channel = interaction.channel
    return channel if isinstance(channel, discord.abc.Messageable) else None


async def setup(bot: TimbreBot) -> None:
    """Called by discord.py when the extension is loaded."""
    await bot.add_cog(Channel(bot))
