"""What there is to read in a message of Discord's, and who wrote it."""

from dataclasses import replace

import discord

from bot.channel.admission import VocalChannel
from bot.channel.speaking_rights import why_silent
from bot.live.rules import Written
from bot.text import message_kinds
from bot.text.links import without_links
from bot.text.pictures import without_emoji
from data.live import Exclusion
from data.rows import GuildSettings

#: Everything else is Discord's own news: pins, boosts, arrivals, commands.
_READ_TYPES = frozenset({discord.MessageType.default, discord.MessageType.reply})


def is_readable(message: discord.Message) -> bool:
    """Whether somebody wrote it, in a server."""
    return message.guild is not None and message.type in _READ_TYPES


def content_of(message: discord.Message, settings: GuildSettings) -> str:
    """What the author typed, without what the server wants left out."""
    content = message.content
    if not settings.read_links:
        content = without_links(content)
    if not settings.read_emoji:
        content = without_emoji(content)
    return content


def answered_by(message: discord.Message) -> discord.abc.User | None:
    """Whom a message replies to."""
    reference = message.reference
    if reference is None or reference.type is discord.MessageReferenceType.forward:
        return None
    return reference.resolved.author if isinstance(reference.resolved, discord.Message) else None


def text_of(
    message: discord.Message,
    language: str = "en",
    *,
    content: str | None = None,
    reply_to: str | None = None,
) -> str:
    """The text with what is before and after it, in its language: "replying to Bob", "an image".

    `content` stands for the message's own, `reply_to` is what who is answered is called.
    """
    answered = answered_by(message)
    reference = message.reference
    before = message_kinds(
        reply_to=reply_to or (answered.display_name if answered else None),
        forwarded=reference is not None and reference.type is discord.MessageReferenceType.forward,
        language=language,
    )
    after = message_kinds(
        attachments=[attachment.content_type for attachment in message.attachments],
        stickers=[sticker.name for sticker in message.stickers],
        poll=message.poll.question if message.poll else None,
        voice_message=message.flags.voice,
        language=language,
    )
    typed = message.content if content is None else content
    return "\n".join(part for part in (before, typed, after) if part)


def written(
    message: discord.Message, seat: VocalChannel, own_id: int, exclusions: set[Exclusion]
) -> Written:
    """The facts that the rules go by. `seat` is where it would be read."""
    author = message.author
    facts = Written(content=message.content, in_channel=False, exclusions=exclusions)
    if isinstance(author, discord.Member):
        facts = author_facts(author, seat, exclusions, message.content)
    return replace(
        facts,
        own=author.id == own_id,
        by_bot=author.bot,
        silent=message.flags.suppress_notifications,
    )


def author_facts(
    member: discord.Member,
    seat: VocalChannel,
    exclusions: set[Exclusion],
    content: str = "",
    *,
    in_channel: bool | None = None,
) -> Written:
    """What the rules go by of a member who has something read in `seat`.

    `in_channel` is where they sit, unless that is told.
    """
    if in_channel is None:
        voice = member.voice
        in_channel = bool(voice and voice.channel and voice.channel.id == seat.id)
    return Written(
        content=content,
        in_channel=in_channel,
        silenced=why_silent(member, seat) is not None,
        role_ids={role.id for role in member.roles},
        exclusions=exclusions,
    )
