"""What the bot is told when something changes: the data of an event, and who asked for it."""

from enum import IntFlag
from typing import NamedTuple

from bot.loopback.messages import Json, MessageRecord
from bot.loopback.payloads import (
    of_channel,
    of_member,
    of_message,
    of_role,
    of_voice_state,
)
from bot.loopback.permissions import Role
from bot.loopback.world import Channel, GuildRecord, MemberRecord, VoiceState


class Intent(IntFlag):
    """Which events a bot asked for; what concerns the bot alone needs none."""

    NONE = 0
    GUILDS = 1 << 0
    MEMBERS = 1 << 1
    VOICE_STATES = 1 << 7
    PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    DIRECT_MESSAGES = 1 << 12
    MESSAGE_CONTENT = 1 << 15


class Event(NamedTuple):
    """An event; `guild_id` is None where it is about direct messages."""

    name: str
    data: Json
    guild_id: int | None
    intent: Intent


def event_of(name: str, subject: object) -> Event:
    """The event `name` about a record, or with data that is ready."""
    match subject:
        case dict():
            guild_id = int(subject["guild_id"]) if "guild_id" in subject else None
            return Event(name, subject, guild_id, Intent.NONE)
        case GuildRecord():
            return Event(name, {"id": str(subject.id)}, subject.id, Intent.GUILDS)
        case Channel():
            return Event(name, of_channel(subject), subject.guild.id, Intent.GUILDS)
        case Role():
            role = {"guild_id": str(subject.guild_id), "role": of_role(subject)}
            return Event(name, role, subject.guild_id, Intent.GUILDS)
        case MemberRecord():
            guild = subject.guild
            data = {"guild_id": str(guild.id)} | of_member(subject)
            # The bot is told of itself whatever its intents are.
            intent = Intent.NONE if subject is guild.bot else Intent.MEMBERS
            return Event(name, data, guild.id, intent)
        case VoiceState():
            state = of_voice_state(subject)
            return Event(name, state, subject.member.guild.id, Intent.VOICE_STATES)
        case MessageRecord():
            guild_id = subject.channel.guild_id
            intent = Intent.DIRECT_MESSAGES if guild_id is None else Intent.GUILD_MESSAGES
            return Event(name, _of_message(name, subject), guild_id, intent)
    raise TypeError(f"there is no event about {subject!r}")


def _of_message(name: str, message: MessageRecord) -> Json:
    channel = message.channel
    if name == "MESSAGE_DELETE":
        data: Json = {"id": str(message.id), "channel_id": str(channel.id)}
    else:
        data = of_message(message)
    if isinstance(channel, Channel):
        data["guild_id"] = str(channel.guild.id)
        member = channel.guild.members.get(message.author.id)
        if member and not message.author.bot and name != "MESSAGE_DELETE":
            data["member"] = of_member(member)
            del data["member"]["user"]
    return data


def readable(event: Event, intents: int, bot_id: int) -> Json:
    """The event's data; of messages without their content for a bot that may not read it."""
    data = event.data
    if event.name not in ("MESSAGE_CREATE", "MESSAGE_UPDATE") or event.guild_id is None:
        return data
    may_read = intents & Intent.MESSAGE_CONTENT or data["author"]["id"] == str(bot_id)
    if may_read or f"<@{bot_id}>" in data["content"]:
        return data
    return data | {"content": "", "attachments": [], "embeds": [], "components": []}
