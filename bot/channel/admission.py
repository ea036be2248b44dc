"""Whether the bot may come into a channel and speak, and whether members are there to hear it."""

from collections.abc import Iterable

import discord

from bot.base.errors import UserError
from bot.catalogue import Sentence
from bot.channel.playback import Playback

VocalChannel = discord.VoiceChannel | discord.StageChannel


def require_admission(channel: VocalChannel) -> None:
    """Raise `UserError`, naming what is missing, where the bot may not come in and speak.

    Discord itself sends no event at all for a channel that is full or forbidden.
    """
    me = channel.guild.me
    permissions = channel.permissions_for(me)
    for name, granted in (
        # Translators: a permission, as Discord names it.
        (Sentence("View Channel"), permissions.view_channel),
        # Translators: a permission, as Discord names it.
        (Sentence("Connect"), permissions.connect),
        # Translators: a permission, as Discord names it.
        (Sentence("Speak"), permissions.speak),
    ):
        if not granted:  # without one of them Discord counts those after it as missing, too
            raise UserError(
                "I may not speak in {channel}: I am missing the permission {name}.",
                channel=channel.mention,
                name=name,
            )
    full = 0 < channel.user_limit <= len(channel.voice_states)
    if full and me.id not in channel.voice_states and not permissions.move_members:
        raise UserError("{channel} is full.", channel=channel.mention)


def require_free(
    here: VocalChannel, accepted: Iterable[Playback], asked_by: int, *, reading: bool
) -> None:
    """Raise `UserError` where others than `asked_by` are listening to the bot in `here`."""
    if not listened_to(here, but=asked_by):
        return
    if reading:
        raise UserError(
            "I am reading aloud to others in {channel}. "
            "A moderator can bring me over with `/join`.",
            channel=here.mention,
        )
    if any(playback.author_id != asked_by for playback in accepted):
        raise UserError(
            "I am speaking to others in {channel} at the moment. Please try again when "
            "I have finished there.",
            channel=here.mention,
        )


def listened_to(channel: VocalChannel, *, but: int = 0) -> bool:
    """Whether a member other than `but` is in `channel`; bots do not count, unknown users do."""
    return bool(listeners_of(channel) - {but})


def listeners_of(channel: VocalChannel) -> set[int]:
    """The ids of those in `channel` who are no bots, as far as is known."""
    member_of = channel.guild.get_member
    return {
        user_id
        for user_id in channel.voice_states
        if (member := member_of(user_id)) is None or not member.bot
    }
