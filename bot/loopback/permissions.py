"""Who may do what where: Discord's rules for roles, overwrites and implicit denials."""

from collections.abc import Iterable
from dataclasses import dataclass

import discord

#: What @everyone may do in a new guild here.
EVERYONE = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
    add_reactions=True,
    use_application_commands=True,
    change_nickname=True,
    connect=True,
    speak=True,
    use_voice_activation=True,
    request_to_speak=True,
).value

ADMINISTRATOR = discord.Permissions(administrator=True).value
ALL = discord.Permissions.all().value


def flag(name: str) -> int:
    """The bit of a permission by discord.py's name for it. Raises `ValueError` for no such name."""
    if name not in discord.Permissions.VALID_FLAGS:
        raise ValueError(f"there is no permission {name!r}")
    return int(discord.Permissions.VALID_FLAGS[name])


def flags(**granted: bool) -> int:
    return sum({flag(name) for name, value in granted.items() if value})


@dataclass
class Overwrite:
    """A channel's exception for one role or member."""

    target_id: int
    is_member: bool
    allow: int = 0
    deny: int = 0


@dataclass
class Role:
    """A role; the one whose id is the guild's is @everyone."""

    id: int
    guild_id: int
    name: str
    permissions: int
    position: int


def in_guild(everyone: int, roles: Iterable[int], *, is_owner: bool) -> int:
    granted = everyone
    for role in roles:
        granted |= role
    return ALL if is_owner or granted & ADMINISTRATOR else granted


def in_channel(
    granted: int, overwrites: Iterable[Overwrite], guild_id: int, member_id: int, roles: set[int]
) -> int:
    """A member's permissions in a channel, from those in the guild.

    The order is Discord's: @everyone's overwrite, then the roles' together, then the member's.
    """
    if granted & ADMINISTRATOR:
        return ALL
    exceptions = list(overwrites)
    everyone = [o for o in exceptions if o.target_id == guild_id]
    by_role = [o for o in exceptions if not o.is_member and o.target_id in roles]
    own = [o for o in exceptions if o.is_member and o.target_id == member_id]
    for group in (everyone, by_role, own):
        for overwrite in group:
            granted &= ~overwrite.deny
        for overwrite in group:
            granted |= overwrite.allow
    return granted if granted & flag("view_channel") else 0
