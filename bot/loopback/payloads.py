"""What there is, as Discord describes it in JSON.

Left out is what discord.py does without and takes for what it would be here.
"""

from bot.loopback.attachments import SIZE_LIMIT, Attachment
from bot.loopback.identifiers import timestamp
from bot.loopback.messages import Json, MessageRecord, User
from bot.loopback.permissions import Overwrite, Role, flags
from bot.loopback.threads import Thread
from bot.loopback.world import (
    Channel,
    DirectMessages,
    GuildRecord,
    MemberRecord,
    VoiceChannel,
    VoiceState,
)

CDN = "https://cdn.discordapp.com"
MEDIA = "https://media.discordapp.net"


def of_user(user: User) -> Json:
    """An account. A person's username is in lower case, a bot's is its name."""
    plain = "".join(c for c in user.name.lower() if c.isalnum() or c in "._")
    return {
        "id": str(user.id),
        "username": user.name if user.bot else plain or "user",
        "global_name": None if user.bot else user.name,
        "discriminator": "0000" if user.bot else "0",
        "avatar": None,
        "bot": user.bot,
    }


def of_bot(user: User) -> Json:
    return of_user(user) | {"verified": True, "mfa_enabled": False}


def of_member(member: MemberRecord) -> Json:
    return {
        "user": of_user(member.user),
        "nick": member.nick,
        "roles": [str(role) for role in member.roles],
        "joined_at": member.joined_at,
        "flags": 0,
    }


def of_role(role: Role) -> Json:
    return {
        "id": str(role.id),
        "name": role.name,
        "permissions": str(role.permissions),
        "position": role.position,
    }


def of_voice_state(state: VoiceState) -> Json:
    how = ("self_mute", "self_deaf", "mute", "suppress")
    return {
        "guild_id": str(state.member.guild.id),
        "channel_id": str(state.channel.id) if state.channel else None,
        "user_id": str(state.member.id),
        "member": of_member(state.member),
        "session_id": state.session_id,
        **{name: getattr(state, name) for name in how},
    }


def of_channel(channel: Channel | DirectMessages) -> Json:
    if isinstance(channel, DirectMessages):
        return {"id": str(channel.id), "type": 1, "recipients": [of_user(channel.user)]}
    described: Json = {
        "id": str(channel.id),
        "type": channel.kind,
        "guild_id": str(channel.guild.id),
        "name": channel.name,
    }
    if isinstance(channel, Thread):
        return described | _of_thread(channel)
    described |= {
        "position": channel.position,
        "permission_overwrites": [_of_overwrite(o) for o in channel.overwrites.values()],
    }
    if isinstance(channel, VoiceChannel):
        described |= {"bitrate": 64_000, "user_limit": channel.user_limit}  # bits per second
    return described


def _of_thread(thread: Thread) -> Json:
    joined = {"member": {"join_timestamp": timestamp(), "flags": 0}} if thread.private else {}
    return joined | {
        "parent_id": str(thread.parent.id),
        "owner_id": str(thread.owner.id),
        "message_count": len(thread.messages),
        "member_count": 1,
        "rate_limit_per_user": 0,
        "thread_metadata": {
            "archived": False,
            "auto_archive_duration": 1440,  # minutes
            "archive_timestamp": timestamp(),
            "locked": False,
        },
    }


def _of_overwrite(overwrite: Overwrite) -> Json:
    return {
        "id": str(overwrite.target_id),
        "type": int(overwrite.is_member),
        "allow": str(overwrite.allow),
        "deny": str(overwrite.deny),
    }


def of_guild_created(guild: GuildRecord, *, everybody: bool, invited: bool) -> Json:
    """GUILD_CREATE: unless `everybody`, of the members only the bot and those in voice.

    One that was there before says that it is not unavailable any more, one that the bot was just
    `invited` to says nothing of it: that is how discord.py tells them apart.
    """
    in_voice = [s.member for s in guild.voice_states.values() if s.member is not guild.bot]
    members = guild.members.values() if everybody else [guild.bot, *in_voice]
    channels = guild.channels.values()
    states = [of_voice_state(state) for state in guild.voice_states.values()]
    for state in states:
        del state["guild_id"], state["member"]
    return {
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(guild.owner.id),
        "preferred_locale": guild.preferred_locale,
        "roles": [of_role(role) for role in guild.roles.values()],
        "system_channel_id": str(guild.system_channel.id) if guild.system_channel else None,
        "member_count": len(guild.members),
        "voice_states": states,
        "members": [of_member(member) for member in members],
        "channels": [of_channel(one) for one in channels if not isinstance(one, Thread)],
        "threads": [of_channel(one) for one in channels if isinstance(one, Thread)],
        **({} if invited else {"unavailable": False}),
    }


def of_attachment(attachment: Attachment) -> Json:
    described: Json = {
        "id": str(attachment.id),
        "filename": attachment.filename,
        "size": len(attachment.data),
        "url": CDN + attachment.path,
        "proxy_url": MEDIA + attachment.path,
        "ephemeral": attachment.ephemeral,
    }
    optional = {
        "content_type": attachment.content_type,
        "duration_secs": attachment.duration_s,
        "waveform": attachment.waveform,
    }
    return described | {name: value for name, value in optional.items() if value is not None}


def of_message(message: MessageRecord) -> Json:
    data: Json = {
        "id": str(message.id),
        "channel_id": str(message.channel.id),
        "type": 19 if message.reference else 20 if message.interaction else 0,
        "author": of_user(message.author),
        "content": message.content,
        "timestamp": message.sent_at,
        "edited_timestamp": message.edited_at,
        "mentions": [],
        "mention_roles": [],
        "attachments": [of_attachment(attachment) for attachment in message.attachments],
        "embeds": message.embeds,
        "components": message.components,
        "flags": message.flags,
    }
    if message.reference:
        data["message_reference"] = message.reference
    if message.interaction:
        data["application_id"] = str(message.author.id)
        data["interaction_metadata"] = message.interaction
    return data


def of_place(channel: Channel | DirectMessages, member: MemberRecord) -> Json:
    """What an interaction says of where `member` caused it, and of what is allowed there."""
    place: Json = {
        "channel": of_channel(channel),
        "channel_id": str(channel.id),
        "attachment_size_limit": SIZE_LIMIT,
        "locale": member.user.locale,
    }
    if isinstance(channel, DirectMessages):
        in_dm = flags(attach_files=True, embed_links=True, mention_everyone=True)
        return place | {
            "user": of_user(member.user),
            "app_permissions": str(in_dm),
            "context": 1,
        }
    guild = channel.guild
    theirs = {"permissions": str(channel.permissions_of(member))}
    place["channel"] |= theirs
    return place | {
        "guild_id": str(guild.id),
        "guild_locale": guild.preferred_locale,
        "member": of_member(member) | theirs,
        "app_permissions": str(channel.permissions_of(guild.bot)),
        "context": 0,
    }
