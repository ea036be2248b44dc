"""The channel of a server in which its moderators read what was reported and decided."""

import logging
from collections.abc import Callable

import aiohttp
import discord

from bot.base.errors import UserError
from bot.catalogue import Said, Sentence, locale_of
from bot.channel.writing_rights import may_write, right_to_write
from bot.live.server_settings import ServerSettings

log = logging.getLogger(__name__)

#: Where notes can be sent. In any of them a message is as good.
NoteChannel = discord.TextChannel | discord.Thread | discord.VoiceChannel | discord.StageChannel


class ModerationLog:
    """Notes for the moderators of all servers, each in the channel that its server chose."""

    def __init__(self, server_settings: ServerSettings, linked: Callable[[str], str]) -> None:
        self._server_settings = server_settings
        self._linked = linked

    async def note(self, guild: discord.Guild, sentence: Said) -> None:
        """Send a sentence to where the moderators of `guild` read it, if they chose a channel.

        In the server's language. Nobody waits for it, so what goes wrong is in the log alone.
        """
        chosen = await self._server_settings.of(guild.id)
        channel_id = chosen.log_channel_id
        if channel_id is None:
            return
        channel = guild.get_channel_or_thread(channel_id)
        if not isinstance(channel, NoteChannel):
            log.warning("a server's log channel is gone", extra={"guild": guild.id})
            return
        try:
            said = sentence.for_locale(locale_of(guild, chosen.language))
            await channel.send(self._linked(said), silent=True)
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            extra = {"guild": guild.id, "reason": str(error)}
            log.warning("a note for moderators could not be sent", extra=extra)


def require_writable(guild: discord.Guild, channel_id: int) -> None:
    """Raise `UserError`, naming what is missing, where no note could be sent."""
    channel = guild.get_channel_or_thread(channel_id)
    if not isinstance(channel, NoteChannel):
        raise UserError("I cannot see that channel. Give me the permission View Channel there.")
    granted = channel.permissions_for(guild.me)
    for name, may in (
        # Translators: a permission, as Discord names it.
        (Sentence("View Channel"), granted.view_channel),
        (right_to_write(channel), may_write(channel, granted)),
    ):
        if not may:
            raise UserError(
                "I cannot write in {channel}: I am missing {name}.",
                channel=channel.mention,
                name=name,
            )
