"""What is said of what is read aloud: mostly where members write."""

import discord

from bot.base.errors import UserError
from bot.catalogue import Said, Sentence
from bot.channel.admission import VocalChannel
from bot.channel.writing_rights import right_to_write
from bot.live.guild_reading import Bound, Readable
from data.rows import LiveBinding


def told_in(text: Bound, seat: VocalChannel) -> Readable:
    """Where it is said what becomes of reading `text`: of a forum, in the chat of `seat`."""
    return text if isinstance(text, Readable) else seat


def begun(seat: VocalChannel, binding: LiveBinding, prefix: str) -> Said:
    """That a channel is read from now on, and how to stay unread."""
    if binding.follows_authors:
        return Sentence(
            "From now on I read this channel aloud, each message in the voice channel of its "
            "author. I skip messages that begin with `{prefix}`, and all of yours after "
            "`/live optout`.",
            prefix=prefix,
        )
    return Sentence(
        "From now on I read this channel aloud in {channel}. I skip messages that begin "
        "with `{prefix}`, and all of yours after `/live optout`.",
        channel=seat.mention,
        prefix=prefix,
    )


def untold(text: Bound) -> Said:
    """For who starts reading where the bot may not write: nobody was told by it."""
    return Sentence(
        "I could not tell those who write in {channel} that I read it aloud: I am missing "
        "{name}. Please tell them.",
        channel=text.mention,
        name=right_to_write(text),
    )


def overheard(text: Bound, seat: VocalChannel) -> Said:
    """That a channel is read no more, because somebody in `seat` cannot see it."""
    if isinstance(text, discord.ForumChannel):
        return Sentence(
            "I stopped reading {forum} aloud: somebody in {channel} cannot see it. A moderator can "
            "start me again with `/live start`.",
            forum=text.mention,
            channel=seat.mention,
        )
    return Sentence(
        "I stopped reading this channel aloud: somebody in {channel} cannot see it. "
        "A moderator can start me again with `/live start`.",
        channel=seat.mention,
    )


def not_going_on(error: UserError) -> Said:
    return Sentence("I was restarted, and could not go on reading: {reason}", reason=error.sentence)
