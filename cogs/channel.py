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
    """Moves the bot between voice channels, and follows who may be heard and may hear there."""

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

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        if before.overwrites != after.overwrites:
            await self._permissions_changed(after.guild)

    @commands.Cog.listener()
    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        if before.permissions != after.permissions:
            await self._permissions_changed(after.guild)

    @commands.Cog.listener()
    async def on_guild_role_delete(self, role: discord.Role) -> None:
        await self._permissions_changed(role.guild)

    async def _permissions_changed(self, guild: discord.Guild) -> None:
        self.bot.sessions.permissions_changed(guild)
        await self.bot.live.permissions_changed(guild)


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(ChannelCommands(bot))
