"""What is said to all where the bot was called: why it fell silent, or left."""

import logging
from collections.abc import Awaitable, Callable

import discord

from bot.base.tasks import TaskSet
from bot.catalogue import Said, locale_of

log = logging.getLogger(__name__)


class Announcing:
    """Announcements in one server; `where` the bot was called last, if anybody called it.

    `language` is asked what the server wants the bot's own words in.
    """

    def __init__(
        self,
        guild_id: int,
        find_guild: Callable[[int], discord.Guild | None],
        language: Callable[[int], Awaitable[str | None]],
        tasks: TaskSet,
    ) -> None:
        self.where: discord.abc.Messageable | None = None
        self._guild_id = guild_id
        self._find_guild = find_guild
        self._language = language
        self._tasks = tasks

    def announce(self, sentence: Said) -> None:
        """Say something there, in a task: nobody waits for Discord's answer."""
        if self.where:
            self._tasks.spawn(self._say(self.where, sentence), name="voice session")

    async def _say(self, where: discord.abc.Messageable, sentence: Said) -> None:
        locale = locale_of(self._find_guild(self._guild_id), await self._language(self._guild_id))
        try:
            await where.send(sentence.for_locale(locale))
        except discord.HTTPException as error:
            log.warning("not announced", extra={"guild": self._guild_id, "status": error.status})
