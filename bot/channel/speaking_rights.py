"""Whether Discord lets a member be heard in a channel: the bot is not to be a way around it."""

import discord

from bot.base.errors import UserError
from bot.catalogue import Sentence
from bot.channel.admission import VocalChannel


def require_voice(member: discord.Member, channel: VocalChannel) -> None:
    """Raise `UserError` where Discord keeps `member` from being heard in `channel`."""
    if reason := why_silent(member, channel):
        raise UserError(reason)


def why_silent(member: discord.Member, channel: VocalChannel) -> Sentence | None:
    """Why Discord keeps a member from being heard in a channel, or None where it does not.

    On a stage only its speakers are heard.
    """
    state = member.voice
    if state and state.mute:
        return Sentence("I do not speak for you: a moderator muted you in this server.")
    here = bool(state and state.channel == channel)
    if isinstance(channel, discord.StageChannel):
        heard = here and state is not None and not state.suppress
        if heard:
            return None
        return Sentence(
            "I do not speak for you: you are in the audience of {channel}.",
            channel=channel.mention,
        )
    if not channel.permissions_for(member).speak or (here and state is not None and state.suppress):
        return Sentence(
            "I do not speak for you: you are not allowed to speak in {channel}.",
            channel=channel.mention,
        )
    return None
