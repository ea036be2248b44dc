"""From a message to the line of its server: accepted, followed through edits, its author told.

Messages of a server are taken one after the other, so that what one author writes is said in that
order. Longer than most files: a message's whole way, edits and all, is read in one place.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial

import discord

from bot.base.errors import UserError, sentence_for
from bot.base.tasks import TaskSet
from bot.channel import reasons
from bot.channel.admission import VocalChannel, listened_to
from bot.channel.playback import LeftOut, Playback, TakenBack
from bot.channel.session import VoiceSession
from bot.channel.sessions import VoiceSessions
from bot.live.bindings import Bindings
from bot.live.greetings import Greetings
from bot.live.guild_reading import AcceptedMessage, GuildReading, Readable, require_unheard
from bot.live.line import EditableLine
from bot.live.message import answered_by, content_of, is_readable, text_of, written
from bot.live.moves import Moves
from bot.live.pace import rate_after
from bot.live.place import place_of
from bot.live.rules import why_unread
from bot.live.telling import ToldAuthors
from bot.speech.pieces import Saying
from bot.speech.reading import NothingToSay
from bot.speech.saying import Sayings
from bot.voices.forgetting import Forgetting
from data.bars import Bar
from data.rows import GuildSettings
from data.store import Store
from engine.errors import SpeechError

log = logging.getLogger(__name__)


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
        self._moves = Moves(store, sessions, self.bindings, Greetings(store, sayings, clock))
        self._store = store
        self._sayings = sayings
        self._sessions = sessions
        self._forgetting = forgetting
        self._clock = clock
        self._tasks = TaskSet()
        self._authors = ToldAuthors(store, self._tasks, clock, linked)

    async def message(self, message: discord.Message) -> None:
        guild = message.guild
        if guild is None or not is_readable(message):
            return
        reading = self.bindings.of(guild.id)
        if reading is None:
            return
        session = self._sessions.of(guild)
        async with reading.turn:
            here = session.seat
            seat = place_of(message, reading, here)
            if seat is None:
                return
            settings = await self._store.guild_settings.get(guild.id)
            if not await self._is_read(message, guild, seat, settings):
                return
            if self._is_over(message, reading, session):  # it waited for its turn
                return
            if await self._reaches(message, reading, seat, here, settings):
                await self._accept(message, guild, reading, session, settings)

    async def edited(self, message: discord.Message) -> None:
        guild = message.guild
        reading = self.bindings.of(guild.id) if guild else None
        if reading is None or guild is None:
            return
        async with reading.turn:
            accepted = reading.accepted.get(message.id)
            # A preview of a link arrives as an edit as well: the text is the same.
            if accepted is None or accepted.line.begun or accepted.text == text_of(message):
                return
            settings = await self._store.guild_settings.get(guild.id)
            accepted.text = text_of(message)
            saying = None
            seat = self._sessions.of(guild).seat
            if seat and await self._is_read(message, guild, seat, settings):
                saying = await self._saying(message, guild, reading, settings)
            if saying is None:
                reading.cancel(lambda message_id, _: message_id == message.id)
            elif not accepted.line.begun:
                accepted.saying = saying
                accepted.line.replace(saying)

    async def deleted(self, guild_id: int | None, message_id: int) -> None:
        """Do not say a message that is gone, or fall silent in the middle of it, and forget it."""
        await self._cancel(guild_id or 0, lambda accepted_id, _: accepted_id == message_id)
        await self._forgetting.message(message_id, deleted=True)

    async def take_back(self, guild_id: int, author_id: int) -> None:
        """Say nothing more of what a member wrote, fall silent in the middle of it, and forget it.

        For members who are to be read no more. Call it when the database knows that, and when the
        command has its answer: it waits for what is being accepted and for a bot on its way.
        """
        await self._cancel(guild_id, lambda _, one: one.playback.author_id == author_id)
        if reading := self.bindings.of(guild_id):
            reading.cancel_greetings(author_id)
        await self._forgetting.member(author_id, guild_id)

    async def moved(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        await self._moves.moved(member, before, after)

    async def permissions_changed(self, guild: discord.Guild) -> None:
        """Stop what somebody who listens cannot see any more."""
        if reading := self.bindings.of(guild.id):
            async with reading.turn:
                if seat := self._sessions.of(guild).seat:
                    await self.bindings.stop_if_overheard(guild, seat)

    async def close(self) -> None:
        """End what is still being told; what is being read goes on after the next start."""
        await self.bindings.close()
        await self._tasks.cancel()

    async def _cancel(
        self, guild_id: int, concerned: Callable[[int, AcceptedMessage], bool]
    ) -> None:
        if reading := self.bindings.of(guild_id):
            async with reading.turn:  # what is just being accepted is among them afterwards
                reading.cancel(concerned)

    async def _is_read(
        self,
        message: discord.Message,
        guild: discord.Guild,
        seat: VocalChannel,
        settings: GuildSettings,
    ) -> bool:
        exclusions = await self._store.exclusions.of(message.author.id, guild.id)
        return why_unread(written(message, seat, guild.me.id, exclusions), settings) is None

    async def _reaches(
        self,
        message: discord.Message,
        reading: GuildReading,
        seat: VocalChannel,
        here: VocalChannel | None,
        settings: GuildSettings,
    ) -> bool:
        """Whether the bot is in `seat`, or comes there from `here`, but away from no listeners."""
        channel = message.channel
        assert isinstance(channel, Readable)  # it is read
        binding = reading.binding_of(channel)
        try:
            if binding is not None:
                require_unheard(seat, channel, approved=binding.approved)
            if here is not None and here.id == seat.id:
                self.bindings.announce_post(channel, seat, reading, settings)
                return True
            uncalled = here is None and not settings.auto_join
            if reading.sent_away or uncalled or not listened_to(seat):
                return False
            if here is not None and listened_to(here):
                raise UserError(
                    "I did not read that: I am with others in {here}.", here=here.mention
                )
            await self.bindings.come(reading, seat, channel)
            if binding is not None:  # somebody may have come meanwhile
                require_unheard(seat, channel, approved=binding.approved)
            self.bindings.announce_post(channel, seat, reading, settings)
        except UserError as error:
            self._authors.begin_to_tell(message, reading, error)
            return False
        return True

    async def _accept(
        self,
        message: discord.Message,
        guild: discord.Guild,
        reading: GuildReading,
        session: VoiceSession,
        settings: GuildSettings,
    ) -> None:
        author, text = message.author, text_of(message)
        saying, opening = await self._saying(message, guild, reading, settings), None
        if saying is None:
            return
        if settings.read_names:
            opening = await self._sayings.opening(author, guild.id, message.id)

        def opens() -> bool:
            quiet_s = self._clock() - reading.last_at
            return reading.last_author_id != author.id or quiet_s > settings.name_pause_s

        def begins() -> None:
            reading.last_author_id, reading.last_at = author.id, self._clock()
            if one := reading.accepted.get(message.id):
                late_s = asyncio.get_running_loop().time() - one.playback.asked_at
                one.saying.rate = rate_after(late_s, settings.catch_up_percent)

        if self._is_over(message, reading, session):
            return
        channel = message.channel
        binding = reading.binding_of(channel)

        def require_seen() -> None:
            here, bound = session.seat, reading.binding_of(channel)
            if here is not None and bound is not None and isinstance(channel, Readable):
                require_unheard(here, channel, approved=bound.approved)

        line = EditableLine(saying, opening, opens=opens, begins=begins)
        try:
            playback = session.speak(
                line, author_id=author.id, label=text, require_heard=require_seen
            )
        except UserError as error:
            self._authors.begin_to_tell(message, reading, error)
            return
        if saying.accent:
            self._authors.begin_to_tell(message, reading, UserError(saying.accent))
        reading.read += 1
        reading.accepted[message.id] = AcceptedMessage(
            playback, line, saying, text, channel.id, binding.text_channel_id if binding else 0
        )
        self._tasks.spawn(self._follow(message, reading, playback), name="live reading")

    def _is_over(
        self, message: discord.Message, reading: GuildReading, session: VoiceSession
    ) -> bool:
        """Whether the reading has ended since the message came; its author is told then."""
        if self.bindings.of(session.guild_id) is reading:
            return False
        if session.seat is None:  # else somebody stopped the reading meanwhile, and knows it
            log.info("not read", extra={"reason": reasons.NOWHERE.english})
            self._authors.begin_to_tell(message, reading, UserError(reasons.NOWHERE))
        return True

    async def _saying(
        self,
        message: discord.Message,
        guild: discord.Guild,
        reading: GuildReading,
        settings: GuildSettings,
    ) -> Saying | None:
        """What is said of a message; None where that is nothing, with its author told why."""
        content, answered = content_of(message, settings), answered_by(message)
        reply_to = None
        if answered is not None:
            reply_to = (await self._sayings.called.of(guild.id, [answered])).names[answered.id]
        try:
            return await self._sayings.of_member(
                content,
                message.author,
                guild,
                framed=partial(text_of, message, content=content, reply_to=reply_to),
                mentioned=[*message.mentions, *([answered] if answered else [])],
                message_id=message.id,
                max_chars=settings.max_message_chars,
                kind=Bar.EVERYTHING,
            )
        except NothingToSay:
            return None
        except (UserError, SpeechError) as error:
            self._authors.begin_to_tell(message, reading, error)
            return None

    async def _follow(
        self, message: discord.Message, reading: GuildReading, playback: Playback
    ) -> None:
        try:
            await playback.started
            await playback.finished
            reading.last_at = self._clock()
        except LeftOut:
            log.info("left out")  # the session says in the channel how much that was
        except TakenBack:
            log.info("taken back")  # by its author, who was told in answer to that
        except Exception as error:
            if not isinstance(error, UserError | SpeechError):
                log.error("a message could not be said", exc_info=error)
            # Nothing is told of what was deleted, nor of what was cut off for all to hear.
            if message.id in reading.accepted and not _began(playback):
                await self._authors.tell(message, reading, sentence_for(error))
        finally:
            reading.accepted.pop(message.id, None)


def _began(playback: Playback) -> bool:
    return playback.started.done() and playback.started.exception() is None
