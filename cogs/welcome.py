"""The one message that a server gets when somebody invites the bot."""

import logging
from datetime import timedelta

import aiohttp
import discord
from discord.ext import commands
from discord.utils import escape_markdown, utcnow

from bot.catalogue import for_reader, gettext
from bot.client import TimbreBot

log = logging.getLogger(__name__)

#: A server that the bot came into longer ago is not greeted any more: it was there before.
_NEW_FOR = timedelta(days=1)


class Welcome(commands.Cog):
    """Greets new servers, also those into which the bot was invited while it did not run."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        await self._greet(guild)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        await self._greet(guild)

    async def _greet(self, guild: discord.Guild) -> None:
        if not self.bot.services.settings.discord.welcome:
            return
        # Discord sends joins again after an outage; a restart sends all servers.
        joined_at = guild.me.joined_at
        if joined_at is None or utcnow() - joined_at > _NEW_FOR:
            return
        channel = _where(guild)
        if channel is None:
            log.info("there is nowhere to greet a server", extra={"guild": guild.id})
            return
        if not await self.bot.services.server_settings.claim_welcome(guild.id):
            return
        try:
            with for_reader(await self.bot.locale_in(guild)):
                said = self._sentences(guild.me.display_name)
            await channel.send(self.bot.command_mentions.linked(said))
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.warning("a server could not be greeted", extra={"reason": str(error)})

    def _sentences(self, name: str) -> str:
        engine = self.bot.services.executor.status().engine
        lines = [
            gettext("Hello, I am {name}. I speak what you write.", name=escape_markdown(name)),
            gettext("- `/say` speaks a line in the voice channel that you are in."),
            gettext(
                "- `/live start` reads this channel aloud in the voice channel that you are in."
            ),
            gettext("- `/settings` shows moderators everything that this server can choose."),
            gettext("- `/help` shows the rest, and `/privacy policy` what I store."),
        ]
        if engine is None or engine.clones_voices:
            lines.insert(2, gettext("- `/voice register` gives you a voice of your own."))
        return "\n".join(lines)


def _where(guild: discord.Guild) -> discord.TextChannel | None:
    """The system channel, or else the first one in which the bot may write."""
    channels = [guild.system_channel, *guild.text_channels]
    for channel in channels:
        if channel is None:
            continue
        granted = channel.permissions_for(guild.me)
        if granted.view_channel and granted.send_messages:
            return channel
    return None


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(Welcome(bot))
