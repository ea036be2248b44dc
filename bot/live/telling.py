"""The author of a message is told why it was not said."""

import asyncio
import logging
from collections.abc import Callable

import discord

from bot.base.errors import UserError, sentence_for
from bot.base.tasks import TaskSet
from bot.catalogue import Said, locale_of
from bot.live.guild_reading import GuildReading
from data.store import Store
from engine.errors import SpeechError

log = logging.getLogger(__name__)

#: An author is told at most this often that something of theirs was not said, and briefly.
_TOLD_EVERY_S = 60.0
_TOLD_FOR_S = 30.0


class ToldAuthors:
    """Replies to messages; at most one a while for each author. `clock` is in seconds."""

    def __init__(
        self,
        store: Store,
        tasks: TaskSet,
        clock: Callable[[], float],
        linked: Callable[[str], str],
    ) -> None:
        self._store = store
        self._tasks = tasks
        self._clock = clock
        self._linked = linked

    def begin_to_tell(
        self, message: discord.Message, reading: GuildReading, error: UserError | SpeechError
    ) -> None:
        """As `tell`, in a task: nobody waits for Discord's answer."""
        self._tasks.spawn(self.tell(message, reading, sentence_for(error)), name="live reading")

    async def tell(self, message: discord.Message, reading: GuildReading, sentence: Said) -> None:
        """Reply with a sentence, unless the author was told something lately."""
        now = self._clock()
        if now - reading.told_at.get(message.author.id, -_TOLD_EVERY_S) < _TOLD_EVERY_S:
            return
        reading.told_at[message.author.id] = now
        guild = message.guild
        chosen = await self._store.guild_settings.get(guild.id if guild else 0)
        said = sentence.for_locale(locale_of(guild, chosen.language))
        try:
            told = await message.reply(self._linked(said))
        except discord.HTTPException as error:
            log.warning("a failure could not be told", extra={"status": error.status})
            return
        self._tasks.spawn(self._take_back(told), name="live reading")

    async def _take_back(self, told: discord.Message) -> None:
        """Delete what was told, in a while: discord.py's own task for that outlives the bot."""
        await asyncio.sleep(_TOLD_FOR_S)
        try:
            await told.delete()
        except discord.HTTPException as error:
            log.info("what was told could not be deleted", extra={"status": error.status})
