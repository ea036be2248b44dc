"""Reads what members write into the voice session of their server.

One binding per server, from `/live start` until `/live stop` or until the bot leaves voice. It is
kept in the database as well, so that reading goes on after a restart. Messages of a server are
taken one after the other, so that what one author writes is said in that order.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

import discord

from bot.base.errors import UserError, sentence_for
from bot.channel import reasons
from bot.channel.admission import VocalChannel, listened_to
from bot.channel.playback import LeftOut, Playback
from bot.channel.session import VoiceSession
from bot.channel.sessions import VoiceSessions
from bot.live.line import EditableLine
from bot.live.message import is_readable, text_of, written
from bot.live.rules import MUTE_PREFIX, why_unread
from bot.live.speech import LiveSpeech
from bot.services import Services
from data.rows import GuildSettings, LiveBinding
from engine.errors import SpeechError

log = logging.getLogger(__name__)

#: An author is told at most this often that something of theirs was not said, and briefly.
_TOLD_EVERY_S = 60.0
_TOLD_FOR_S = 30.0


@dataclass(slots=True)
class _Accepted:
    """A message that is waiting or being said."""

    playback: Playback
    line: EditableLine
    text: str


@dataclass(slots=True)
class Binding:
    """Live reading in one server."""

    text_channel_id: int
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    accepted: dict[int, _Accepted] = field(default_factory=dict)
    last_author_id: int = 0
    last_at: float = 0.0
    told_at: dict[int, float] = field(default_factory=dict)
    read: int = 0


class LiveReading:
    """Live reading in all servers."""

    def __init__(
        self,
        services: Services,
        sessions: VoiceSessions,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._services = services
        self._sessions = sessions
        self._speech = LiveSpeech(services)
        self._clock = clock
        self._bindings: dict[int, Binding] = {}
        self._interrupted: dict[int, LiveBinding] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    async def start(self, guild: discord.Guild, text_channel_id: int) -> None:
        """Read `text_channel_id`, and the chat of the voice channel that the bot is in."""
        session = self._sessions.of(guild)
        seat = session.seat
        if seat is None:
            raise UserError(reasons.NOWHERE)
        binding = self._bindings.setdefault(guild.id, Binding(text_channel_id))
        binding.text_channel_id = text_channel_id  # what was accepted before is said all the same
        session.reading = True
        await self._services.store.live_bindings.put(
            LiveBinding(
                guild_id=guild.id, text_channel_id=text_channel_id, voice_channel_id=seat.id
            )
        )

    async def stop(self, guild: discord.Guild) -> bool:
        """Read no more; what waits is taken back. False if nothing was read."""
        binding = self._bindings.pop(guild.id, None)
        if binding is None:
            return False
        self._sessions.of(guild).reading = False
        await self._services.store.live_bindings.remove(guild.id)
        # Whoever is no longer among the accepted is told nothing.
        waiting = list(binding.accepted.values())
        binding.accepted.clear()
        for accepted in waiting:
            accepted.playback.cancel()
        return True

    def left(self, guild_id: int) -> None:
        """End reading in a server where the bot is in no channel any more.

        Unless that is because the bot is ending: then it goes on when it is back.
        """
        if self._bindings.pop(guild_id, None) and not self._closing:
            self._spawn(self._services.store.live_bindings.remove(guild_id))

    def of(self, guild: discord.Guild) -> Binding | None:
        """What is being read in a server."""
        return self._bindings.get(guild.id)

    async def remember(self) -> None:
        """After a start: learn where reading was interrupted."""
        kept = await self._services.store.live_bindings.all()
        self._interrupted = {binding.guild_id: binding for binding in kept}

    async def resume(self, guild: discord.Guild) -> None:
        """Go on where reading was interrupted, if anybody is there; else it is over."""
        interrupted = self._interrupted.pop(guild.id, None)
        if interrupted is None or guild.id in self._bindings:
            return
        seat = guild.get_channel(interrupted.voice_channel_id)
        text = guild.get_channel_or_thread(interrupted.text_channel_id)
        bindings = self._services.store.live_bindings
        if not (
            isinstance(seat, VocalChannel)
            and isinstance(text, discord.abc.Messageable)
            and listened_to(seat)
        ):
            log.info("nobody to read on for", extra={"guild": guild.id})
            await bindings.remove(guild.id)
            return
        session = self._sessions.of(guild)
        binding = self._bindings[guild.id] = Binding(interrupted.text_channel_id)
        async with binding.turn:  # what is written while the bot is on its way waits for it
            try:
                await session.join(seat, asked_in=text)
                if self.of(guild) is binding:  # nobody has stopped it meanwhile
                    await self.start(guild, binding.text_channel_id)
            except UserError as error:
                self._bindings.pop(guild.id, None)
                if not self._closing:
                    session.announce(f"I was restarted, and could not go on reading: {error}")
                    await bindings.remove(guild.id)

    async def message(self, message: discord.Message) -> None:
        """Say a new message, if it is to be read."""
        if message.guild is None or not is_readable(message):
            return
        binding = self._bindings.get(message.guild.id)
        if binding is None:
            return
        session = self._sessions.of(message.guild)
        async with binding.turn:
            seat = session.seat
            if seat is None or message.channel.id not in (binding.text_channel_id, seat.id):
                return
            exclusions = await self._services.store.exclusions.of(
                message.author.id, message.guild.id
            )
            settings = await self._services.store.guild_settings.get(message.guild.id)
            facts = written(message, seat.id, message.guild.me.id, exclusions)
            if why_unread(facts, settings) is None:
                await self._accept(message, message.guild, binding, session, settings)

    async def edited(self, message: discord.Message) -> None:
        """Say a message as it is now, if it has not begun."""
        binding = self._bindings.get(message.guild.id) if message.guild else None
        if binding is None or message.guild is None:
            return
        async with binding.turn:
            accepted = binding.accepted.get(message.id)
            # A preview of a link arrives as an edit as well: the text is the same.
            if accepted is None or accepted.line.begun or accepted.text == text_of(message):
                return
            settings = await self._services.store.guild_settings.get(message.guild.id)
            accepted.text = text_of(message)
            spoken = ""
            if not message.content.startswith(MUTE_PREFIX):
                spoken = await self._speech.text(message, message.guild, settings)
            if not spoken:
                del binding.accepted[message.id]
                accepted.playback.cancel()
                return
            utterance = await self._speech.of_member(
                spoken, message.author.id, message.guild.id, settings
            )
            if accepted.line.begun:
                utterance.cancel()
            else:
                accepted.line.replace(utterance)

    async def deleted(self, guild_id: int | None, message_id: int) -> None:
        """Do not say a message that is gone, or fall silent in the middle of it."""
        binding = self._bindings.get(guild_id or 0)
        if binding is None:
            return
        async with binding.turn:
            if accepted := binding.accepted.pop(message_id, None):
                accepted.playback.cancel()

    async def take_back(self, guild_id: int, author_id: int) -> None:
        """Say nothing more of what somebody wrote, and fall silent in the middle of it.

        For whoever is to be read no more: call it when the database knows that, and whoever asked
        for it has an answer, because it waits for what is being accepted and for a bot on its way.
        """
        binding = self._bindings.get(guild_id)
        if binding is None:
            return
        async with binding.turn:  # what is just being accepted is among them afterwards
            for message_id, accepted in list(binding.accepted.items()):
                if accepted.playback.author_id == author_id:
                    del binding.accepted[message_id]
                    accepted.playback.cancel()

    async def moved(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        """Say that somebody came or left, where the server wants that."""
        binding = self._bindings.get(member.guild.id)
        if binding is None or before.channel == after.channel:
            return
        if member == member.guild.me and after.channel:
            await self._services.store.live_bindings.moved(member.guild.id, after.channel.id)
        if member.bot:
            return
        session = self._sessions.of(member.guild)
        seat = session.seat
        if seat is None or seat.id not in {c.id for c in (before.channel, after.channel) if c}:
            return
        async with binding.turn:
            settings = await self._services.store.guild_settings.get(member.guild.id)
            excluded = await self._services.store.exclusions.of(member.id, member.guild.id)
            if not settings.announce_moves or excluded:
                return
            came = after.channel is not None and after.channel.id == seat.id
            sentence, utterance = await self._speech.announcement(member, settings, came=came)
            if self._bindings.get(member.guild.id) is not binding:  # stopped meanwhile
                utterance.cancel()
                return
            try:
                session.speak(utterance, author_id=member.id, label=sentence)
            except UserError as error:
                log.info("not announced", extra={"reason": str(error)})

    async def close(self) -> None:
        """End what is still being told; what is being read goes on after the next start."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(
        self,
        message: discord.Message,
        guild: discord.Guild,
        binding: Binding,
        session: VoiceSession,
        settings: GuildSettings,
    ) -> None:
        spoken = await self._speech.text(message, guild, settings)
        if not spoken:
            return
        author = message.author
        opening = None
        if settings.read_names:
            name = await self._speech.name(author, guild.id)
            opening = await self._speech.of_member(f"{name} says:", author.id, guild.id, settings)

        def opens() -> bool:
            quiet_s = self._clock() - binding.last_at
            changed = binding.last_author_id != author.id or quiet_s > settings.name_pause_s
            binding.last_author_id, binding.last_at = author.id, self._clock()
            return changed

        utterance = await self._speech.of_member(spoken, author.id, guild.id, settings)
        line = EditableLine(utterance, opening, opens)
        if self._bindings.get(guild.id) is not binding:  # stopped meanwhile
            line.cancel()
            return
        try:
            playback = session.speak(line, author_id=author.id, label=text_of(message)[:80])
        except UserError as error:
            self._spawn(self._tell(message, binding, sentence_for(error)))
            return
        binding.read += 1
        binding.accepted[message.id] = _Accepted(playback, line, text_of(message))
        self._spawn(self._follow(message, binding, playback))

    async def _follow(self, message: discord.Message, binding: Binding, playback: Playback) -> None:
        try:
            await playback.started
            await playback.finished
            binding.last_at = self._clock()
        except LeftOut:
            log.info("left out")  # the session says in the channel how much that was
        except Exception as error:
            if not isinstance(error, UserError | SpeechError):
                log.error("a message could not be said", exc_info=error)
            # Nothing is told of what was deleted, nor of what was cut off for all to hear.
            if message.id in binding.accepted and not _began(playback):
                await self._tell(message, binding, sentence_for(error))
        finally:
            binding.accepted.pop(message.id, None)

    async def _tell(self, message: discord.Message, binding: Binding, sentence: str) -> None:
        now = self._clock()
        if now - binding.told_at.get(message.author.id, -_TOLD_EVERY_S) < _TOLD_EVERY_S:
            return
        binding.told_at[message.author.id] = now
        try:
            await message.reply(sentence, delete_after=_TOLD_FOR_S)
        except discord.HTTPException as error:
            log.warning("a failure could not be told", extra={"status": error.status})

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name="live reading")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _began(playback: Playback) -> bool:
    return playback.started.done() and playback.started.exception() is None
