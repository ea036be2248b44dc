"""How to say the people, roles and channels of a server that a text mentions."""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

import discord

from bot.text import Names
from bot.text.listed_words import has_listed_words
from data.bars import Bar, BarStore
from data.guild_settings import GuildSettingsStore
from data.member_words import MemberWordsStore, WordsKind
from data.rows import GuildSettings, OwnName

_MENTION = re.compile(r"<(@!?|@&|#)(\d{15,20})>")


class Called(NamedTuple):
    """What some members are called, by id, as it is typed; and what of that is their own choice."""

    names: dict[int, str]
    own: tuple[OwnName, ...]


class CalledNames:
    """What members are called: as they want it, else by the name that their server chose.

    Who is barred from speaking by command has the bot say nothing of their choice.
    """

    def __init__(
        self, words: MemberWordsStore, guild_settings: GuildSettingsStore, bars: BarStore
    ) -> None:
        self._words = words
        self._guild_settings = guild_settings
        self._bars = bars

    async def of(self, guild_id: int, members: Collection[discord.abc.User]) -> Called:
        if not members:
            return Called({}, ())
        settings = await self._guild_settings.get(guild_id)
        own = await self._own({member.id for member in members}, guild_id, settings)
        names = {}
        for member in members:
            name = own.get(member.id) or member.display_name
            if member.id not in own and not settings.use_nicknames:
                name = member.global_name or member.name
            names[member.id] = name
        return Called(names, tuple(OwnName(*one) for one in own.items()))

    async def _own(
        self, user_ids: set[int], guild_id: int, settings: GuildSettings
    ) -> dict[int, str]:
        chosen = await self._words.of(guild_id, WordsKind.NAME, user_ids)
        return {
            user_id: name
            for user_id, name in chosen.items()
            # What a server wants unread may have been chosen after the name was.
            if not has_listed_words(name, settings.unread_words)
            and not any(
                bar.kind in (Bar.SAY, Bar.EVERYTHING)
                for bar in (await self._bars.of(user_id, guild_id)).values()
            )
        }

    async def names_in(
        self, text: str, guild: discord.Guild, mentioned: Sequence[discord.abc.User] = ()
    ) -> tuple[Names, tuple[OwnName, ...]]:
        """Names of everything in `text` that `guild` knows; the rest gets a spoken fallback.

        With those that members chose themselves.

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
        return Names(users=called.names, roles=roles, channels=channels), called.own
