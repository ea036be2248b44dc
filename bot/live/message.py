"""What there is to read in a message of Discord's, and who wrote it."""

import discord

from bot.channel.admission import VocalChannel
from bot.channel.speaking_rights import why_silent
from bot.live.rules import Written
from bot.text import message_kinds
from data.live import Exclusion

#: Everything else is Discord's own news: pins, boosts, arrivals, commands.
_READ_TYPES = frozenset({discord.MessageType.default, discord.MessageType.reply})


def is_readable(message: discord.Message) -> bool:
    """Whether somebody wrote it, in a server."""
    return message.guild is not None and message.type in _READ_TYPES


def text_of(message: discord.Message, language: str = "en") -> str:
    """The text with what is before and after it, in its language: "replying to Bob", "an image"."""
    reference = message.reference
    forwarded = reference is not None and reference.type is discord.MessageReferenceType.forward
    answered = reference.resolved if reference and not forwarded else None
    before = message_kinds(
        reply_to=answered.author.display_name if isinstance(answered, discord.Message) else None,
        forwarded=forwarded,
        language=language,
    )
    after = message_kinds(
        attachments=[attachment.content_type for attachment in message.attachments],
        stickers=[sticker.name for sticker in message.stickers],
        poll=message.poll.question if message.poll else None,
        voice_message=message.flags.voice,
        language=language,
    )
    return "\n".join(part for part in (before, message.content, after) if part)


def written(
    message: discord.Message, seat: VocalChannel, own_id: int, exclusions: set[Exclusion]
) -> Written:
    """The facts that the rules go by. `seat` is the bot's voice channel."""
    author = message.author
    member = author if isinstance(author, discord.Member) else None
    voice = member.voice if member else None
    return Written(
        content=message.content,
        own=author.id == own_id,
        by_bot=author.bot,
        in_channel=bool(voice and voice.channel and voice.channel.id == seat.id),
        silenced=member is not None and why_silent(member, seat) is not None,
        role_ids={role.id for role in member.roles} if member else frozenset(),
        exclusions=exclusions,
    )
