"""In which voice channel a message is to be read, and reading goes on after a restart."""

from collections.abc import Iterable

import discord

from bot.channel.admission import VocalChannel, listened_to, listeners_of
from bot.live.guild_reading import GuildReading
from data.rows import LiveBinding


def place_of(
    message: discord.Message, reading: GuildReading, here: VocalChannel | None
) -> VocalChannel | None:
    """The voice channel in which a message is to be read, if it is read at all.

    A voice channel's own chat is read in it while the bot reads there, or should.
    """
    channel, author = message.channel, message.author
    binding = reading.binding_of(channel)
    if binding is None:
        settled = isinstance(channel, VocalChannel) and reading.settled_at(channel.id)
        if here and channel.id == here.id and reading.at(here.id):
            return here
        return channel if settled and isinstance(channel, VocalChannel) else None
    if binding.follows_authors:
        voice = author.voice if isinstance(author, discord.Member) else None
        return (voice.channel if voice else None) or here
    assert message.guild is not None  # it is in a channel that is read
    seat = message.guild.get_channel(binding.voice_channel_id)
    return seat if isinstance(seat, VocalChannel) else None


def where_to_go_on(guild: discord.Guild, interrupted: Iterable[LiveBinding]) -> VocalChannel | None:
    """Of the voice channels that were read in, the one with most listeners; None without any."""
    found = (guild.get_channel(one.voice_channel_id) for one in interrupted)
    seats = [seat for seat in found if isinstance(seat, VocalChannel) and listened_to(seat)]
    return max(seats, key=lambda seat: len(listeners_of(seat)), default=None)
