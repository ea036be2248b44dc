"""What moderators are told in the channel that their server chose for it."""

import discord

from bot.catalogue import Said, Sentence
from cogs.asking import bot_of


async def note(interaction: discord.Interaction, sentence: Said) -> None:
    """Tell the moderators of the server, in the channel that they chose for it."""
    if interaction.guild is not None:
        await bot_of(interaction).moderation_log.note(interaction.guild, sentence)


def blocked(moderator: discord.abc.User, member: discord.abc.User) -> Sentence:
    """What moderators read of it."""
    return Sentence(
        "{moderator} blocked {member}.", moderator=moderator.mention, member=member.mention
    )


def unblocked(moderator: discord.abc.User, member: discord.abc.User) -> Sentence:
    """What moderators read of it."""
    return Sentence(
        "{moderator} unblocked {member}.", moderator=moderator.mention, member=member.mention
    )
