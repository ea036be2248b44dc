"""How to say the people, roles and channels of a server that a text mentions."""

import re
from collections.abc import Sequence

import discord

from bot.text import Names

_MENTION = re.compile(r"<(@!?|@&|#)(\d{15,20})>")


def names_in(text: str, guild: discord.Guild, mentioned: Sequence[discord.abc.User] = ()) -> Names:
    """Display names of everything in `text` that `guild` knows; the rest gets a spoken fallback.

    `mentioned` are people that came with the message: `guild` does not keep every member.
    """
    users = {user.id: user.display_name for user in mentioned}
    roles: dict[int, str] = {}
    channels: dict[int, str] = {}
    for kind, digits in _MENTION.findall(text):
        id_ = int(digits)
        if kind == "#":
            if channel := guild.get_channel_or_thread(id_):
                channels[id_] = channel.name
        elif kind == "@&":
            if role := guild.get_role(id_):
                roles[id_] = role.name
        elif member := guild.get_member(id_):
            users[id_] = member.display_name
    return Names(users=users, roles=roles, channels=channels)
