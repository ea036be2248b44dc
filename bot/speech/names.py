"""How to say the people, roles and channels of a server that a text mentions."""

import re
from collections.abc import Collection, Sequence

import discord

from bot.text import Names
from bot.text.listed_words import has_listed_words
from data.guild_settings import GuildSettingsStore
from data.member_words import MemberWordsStore, WordsKind

_MENTION = re.compile(r"<(@!?|@&|#)(\d{15,20})>")


class CalledNames:
    """What members are called: as they want it, else by the name that their server chose."""

    def __init__(self, words: MemberWordsStore, guild_settings: GuildSettingsStore) -> None:
        self._words = words
        self._guild_settings = guild_settings

    async def of(self, guild_id: int, members: Collection[discord.abc.User]) -> dict[int, str]:
        """The names of some members, by id, as they are typed."""
        if not members:
            return {}
        settings = await self._guild_settings.get(guild_id)
        own = await self._words.of(guild_id, WordsKind.NAME, {member.id for member in members})
        names = {}
        for member in members:
            name = own.get(member.id)
            # What a server wants unread may have been chosen after the name was.
            if name is None or has_listed_words(name, settings.unread_words):
                name = member.display_name
                if not settings.use_nicknames:
                    name = member.global_name or member.name
            names[member.id] = name
        return names

    async def names_in(
        self, text: str, guild: discord.Guild, mentioned: Sequence[discord.abc.User] = ()
    ) -> Names:
        """Names of everything in `text` that `guild` knows; the rest gets a spoken fallback.

        `mentioned` are people that came with the message: `guild` does not keep every member.
        """
        users = {user.id: user for user in mentioned}
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
                users[id_] = member
        called = await self.of(guild.id, users.values())
        return Names(users=called, roles=roles, channels=channels)
