"""Who asks, where, and what they may: what commands read from an interaction."""

from typing import cast

import discord

from bot.base.errors import UserError
from bot.catalogue import Sentence
from bot.channel.admission import VocalChannel, listened_to
from bot.channel.session import VoiceSession
from bot.client import TimbreBot
from bot.voices.place import Person


def bot_of(interaction: discord.Interaction) -> TimbreBot:
    return cast("TimbreBot", interaction.client)


def member_of(interaction: discord.Interaction) -> discord.Member:
    """The caller of a command that is for servers only."""
    assert isinstance(interaction.user, discord.Member)  # guild_only
    return interaction.user


def session_of(interaction: discord.Interaction) -> VoiceSession:
    return bot_of(interaction).sessions.of(member_of(interaction).guild)


def where_asked(interaction: discord.Interaction) -> discord.abc.Messageable | None:
    """The channel in which a command was used, if one can write there."""
    channel = interaction.channel
    return channel if isinstance(channel, discord.abc.Messageable) else None


async def bring(interaction: discord.Interaction, seat: VocalChannel) -> None:
    """Have the bot join `seat` for the caller, who only as a moderator can take it from others."""
    session = session_of(interaction)
    await session.join(
        seat,
        asked_in=where_asked(interaction),
        asked_by=interaction.user.id,
        over_others=moderates(interaction, session.seat),
    )


def person_of(interaction: discord.Interaction, *, runs_the_bot: bool = False) -> Person:
    """The caller as the services see them. What they may manage is Discord's word, not theirs."""
    return Person(
        user_id=interaction.user.id,
        guild_id=interaction.guild_id or 0,
        moderates=manages(interaction),
        runs_the_bot=runs_the_bot,
    )


def manages(interaction: discord.Interaction) -> bool:
    """Whether the caller may manage the server; what one channel grants does not count."""
    caller = interaction.user
    return isinstance(caller, discord.Member) and caller.guild_permissions.manage_guild


def moderates(interaction: discord.Interaction, seat: VocalChannel | None = None) -> bool:
    """Whether the caller may silence others, in `seat` or else in the whole server.

    What they may do where the command was typed says nothing: anybody can be given a channel of
    their own to moderate.
    """
    caller = interaction.user
    if not isinstance(caller, discord.Member):
        return False
    may = caller.guild_permissions if seat is None else seat.permissions_for(caller)
    return may.mute_members or may.manage_guild


def require_moderator(
    interaction: discord.Interaction, refusal: Sentence, seat: VocalChannel | None = None
) -> None:
    """Raise `UserError` with `refusal` unless the caller may silence others."""
    if not moderates(interaction, seat):
        raise UserError(refusal)


def require_company(interaction: discord.Interaction, session: VoiceSession) -> None:
    """Raise `UserError` where others listen to the bot, and the caller is not one of them.

    Moderators may decide without listening.
    """
    here = session.seat
    if here is None or moderates(interaction, here) or interaction.user.id in here.voice_states:
        return
    if listened_to(here):
        raise UserError(
            "Only those who are in {channel} with me, and moderators, can do that.",
            channel=here.mention,
        )
