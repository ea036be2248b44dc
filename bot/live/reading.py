"""From a message to the line of its server: accepted, followed through edits, its author told.

Messages of a server are taken one after the other, so that what one author writes is said in that
order.
"""

import logging
import time
from collections.abc import Callable
from functools import partial

import discord

from bot.base.errors import UserError, sentence_for
from bot.base.tasks import TaskSet
from bot.catalogue import Said, locale_of
from bot.channel import reasons
from bot.channel.playback import LeftOut, Playback, TakenBack
from bot.channel.session import VoiceSession
from bot.channel.sessions import VoiceSessions
from bot.live.bindings import AcceptedMessage, Binding, Bindings
from bot.live.line import EditableLine
from bot.live.message import is_readable, text_of, written
from bot.live.rules import MUTE_PREFIX, why_unread
from bot.speech.reading import NothingToSay
from bot.speech.saying import Sayings
from bot.speech.service import Saying
from bot.voices.forgetting import Forgetting
from data.rows import GuildSettings
from data.store import Store
from engine.errors import SpeechError

log = logging.getLogger(__name__)

#: An author is told at most this often that something of theirs was not said, and briefly.
_TOLD_EVERY_S = 60.0
_TOLD_FOR_S = 30.0


class LiveReading:
    """Live reading in all servers. `bindings` has where; `clock` is in seconds.

    `linked` makes the commands in a sentence tappable.
    """

    def __init__(
        self,
        store: Store,
        sayings: Sayings,
        sessions: VoiceSessions,
        forgetting: Forgetting,
        clock: Callable[[], float] = time.monotonic,
        *,
        linked: Callable[[str], str],
    ) -> None:
        self.bindings = Bindings(store, sessions, linked)
        self._linked = linked
        self._store = store
        self._sayings = sayings
        self._sessions = sessions
        self._forgetting = forgetting
        self._clock = clock
        self._tasks = TaskSet()

    async def message(self, message: discord.Message) -> None:
        guild = message.guild
        if guild is None or not is_readable(message):
            return
        binding = self.bindings.of(guild.id)
        if binding is None:
            return
        session = self._sessions.of(guild)
        async with binding.turn:
            seat = session.seat
            if seat is None or message.channel.id not in (binding.text_channel_id, seat.id):
                return
            exclusions = await self._store.exclusions.of(message.author.id, guild.id)
            settings = await self._store.guild_settings.get(guild.id)
            facts = written(message, seat, guild.me.id, exclusions)
            if why_unread(facts, settings) is None:
                await self._accept(message, guild, binding, session, settings)

    async def edited(self, message: discord.Message) -> None:
        guild = message.guild
        binding = self.bindings.of(guild.id) if guild else None
        if binding is None or guild is None:
            return
        async with binding.turn:
            accepted = binding.accepted.get(message.id)
            # A preview of a link arrives as an edit as well: the text is the same.
            if accepted is None or accepted.line.begun or accepted.text == text_of(message):
                return
            settings = await self._store.guild_settings.get(guild.id)
            accepted.text = text_of(message)
            saying = None
            if not message.content.startswith(MUTE_PREFIX):
                saying = await self._saying(message, guild, binding, settings)
            if saying is None:
                binding.cancel(lambda message_id, _: message_id == message.id)
            elif not accepted.line.begun:
                accepted.line.replace(saying)

    async def deleted(self, guild_id: int | None, message_id: int) -> None:
        """Do not say a message that is gone, or fall silent in the middle of it, and forget it."""
        await self._cancel(guild_id or 0, lambda accepted_id, _: accepted_id == message_id)
        await self._forgetting.message(message_id)

    async def take_back(self, guild_id: int, author_id: int) -> None:
        """Say nothing more of what a member wrote, fall silent in the middle of it, and forget it.

        For members who are to be read no more. Call it when the database knows that, and when the
        command has its answer: it waits for what is being accepted and for a bot on its way.
        """
        await self._cancel(guild_id, lambda _, playback: playback.author_id == author_id)
        await self._forgetting.member(author_id, guild_id)

    async def moved(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        guild = member.guild
        binding = self.bindings.of(guild.id)
        if binding is None or before.channel == after.channel:
            return
        if member == guild.me and after.channel:
            await self.bindings.moved(guild.id, after.channel.id)
            async with binding.turn:
                await self.bindings.stop_if_overheard(guild, after.channel)
        if member.bot:
            return
        session = self._sessions.of(guild)
        seat = session.seat
        if seat is None or seat.id not in {c.id for c in (before.channel, after.channel) if c}:
            return
        came = after.channel is not None and after.channel.id == seat.id
        async with binding.turn:
            if came and await self.bindings.stop_if_overheard(guild, seat):
                return
            settings = await self._store.guild_settings.get(guild.id)
            excluded = await self._store.exclusions.of(member.id, guild.id)
            if not settings.announce_moves or excluded:
                return
            try:
                saying = await self._sayings.announcement(member, came=came)
                if self.bindings.of(guild.id) is not binding:  # stopped meanwhile
                    return
                session.speak(saying, author_id=member.id, label=saying.text)
            except (UserError, SpeechError) as error:
                log.info("not announced", extra={"reason": str(error)})

    async def close(self) -> None:
        """End what is still being told; what is being read goes on after the next start."""
        await self.bindings.close()
        await self._tasks.cancel()

    async def _cancel(self, guild_id: int, concerned: Callable[[int, Playback], bool]) -> None:
        if binding := self.bindings.of(guild_id):
            async with binding.turn:  # what is just being accepted is among them afterwards
                binding.cancel(concerned)

    async def _accept(
        self,
        message: discord.Message,
        guild: discord.Guild,
        binding: Binding,
        session: VoiceSession,
        settings: GuildSettings,
    ) -> None:
        author, text = message.author, text_of(message)
        saying = await self._saying(message, guild, binding, settings)
        if saying is None:
            return
        opening = None
        if settings.read_names:
            opening = await self._sayings.opening(author, guild.id, message.id)

        def opens() -> bool:
            quiet_s = self._clock() - binding.last_at
            return binding.last_author_id != author.id or quiet_s > settings.name_pause_s

        def begins() -> None:
            binding.last_author_id, binding.last_at = author.id, self._clock()

        if self.bindings.of(guild.id) is not binding:
            if session.seat is None:  # else somebody stopped the reading meanwhile, and knows it
                log.info("not read", extra={"reason": reasons.NOWHERE.english})
                self._spawn_telling(message, binding, UserError(reasons.NOWHERE))
            return
        line = EditableLine(saying, opening, opens=opens, begins=begins)
        try:
            playback = session.speak(line, author_id=author.id, label=text)
        except UserError as error:
            self._spawn_telling(message, binding, error)
            return
        if saying.accent:
            self._spawn_telling(message, binding, UserError(saying.accent))
        binding.read += 1
        binding.accepted[message.id] = AcceptedMessage(playback, line, text)
        self._tasks.spawn(self._follow(message, binding, playback), name="live reading")

    async def _saying(
        self,
        message: discord.Message,
        guild: discord.Guild,
        binding: Binding,
        settings: GuildSettings,
    ) -> Saying | None:
        """What is said of a message; None where that is nothing, with its author told why."""
        try:
            return await self._sayings.of_member(
                message.content,
                message.author,
                guild,
                framed=partial(text_of, message),
                mentioned=message.mentions,
                message_id=message.id,
                max_chars=settings.max_message_chars,
            )
        except NothingToSay:
            return None
        except (UserError, SpeechError) as error:
            self._spawn_telling(message, binding, error)
            return None

    async def _follow(self, message: discord.Message, binding: Binding, playback: Playback) -> None:
        try:
            await playback.started
            await playback.finished
            binding.last_at = self._clock()
        except LeftOut:
            log.info("left out")  # the session says in the channel how much that was
        except TakenBack:
            log.info("taken back")  # by its author, who was told in answer to that
        except Exception as error:
            if not isinstance(error, UserError | SpeechError):
                log.error("a message could not be said", exc_info=error)
            # Nothing is told of what was deleted, nor of what was cut off for all to hear.
            if message.id in binding.accepted and not _began(playback):
                await self._tell(message, binding, sentence_for(error))
        finally:
            binding.accepted.pop(message.id, None)

    def _spawn_telling(
        self, message: discord.Message, binding: Binding, error: UserError | SpeechError
    ) -> None:
        self._tasks.spawn(self._tell(message, binding, sentence_for(error)), name="live reading")

    async def _tell(self, message: discord.Message, binding: Binding, sentence: Said) -> None:
        now = self._clock()
        if now - binding.told_at.get(message.author.id, -_TOLD_EVERY_S) < _TOLD_EVERY_S:
            return
        binding.told_at[message.author.id] = now
        try:
            said = sentence.for_locale(locale_of(message.guild))
            await message.reply(self._linked(said), delete_after=_TOLD_FOR_S)
        except discord.HTTPException as error:
            log.warning("a failure could not be told", extra={"status": error.status})


def _began(playback: Playback) -> bool:
    return playback.started.done() and playback.started.exception() is None
