"""Reads what members write into the voice session of their server.

One binding per server, from `/live start` until `/live stop` or until the bot leaves voice; it
lives in memory, as the session does. Messages of a server are taken one after the other, so that
what one author writes is said in that order.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

import discord
import msgspec

from bot.errors import UserError, sentence_for
from bot.live.line import EditableLine
from bot.live.message import is_readable, text_of, written
from bot.live.rules import MUTE_PREFIX, why_unread
from bot.live.voice import stock_voice_of
from bot.names import names_in
from bot.services import Services
from bot.speech import Speaker, Utterance
from bot.text import Names, Pronunciations
from bot.voice.playback import Playback
from bot.voice.session import State, VoiceSession
from bot.voice.sessions import VoiceSessions
from data.rows import GuildSettings
from engine.errors import SpeechError
from engine.speech import StockVoice

log = logging.getLogger(__name__)

#: An author is told at most this often that something of theirs was not said, and briefly.
_TOLD_EVERY_S = 60.0
_TOLD_FOR_S = 30.0


@dataclass(slots=True)
class _Accepted:
    """A message that is waiting or being said. `opening` is said before it, such as a name."""

    playback: Playback
    line: EditableLine
    text: str
    opening: str


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
        self._clock = clock
        self._bindings: dict[int, Binding] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, guild: discord.Guild, text_channel_id: int) -> None:
        """Read `text_channel_id`, and the chat of the voice channel that the bot is in."""
        self._bindings[guild.id] = Binding(text_channel_id)

    def stop(self, guild: discord.Guild) -> bool:
        """Read no more; what waits is taken back. False if nothing was read."""
        binding = self._bindings.pop(guild.id, None)
        if binding is None:
            return False
        # Whoever is no longer among the accepted is told nothing.
        waiting = list(binding.accepted.values())
        binding.accepted.clear()
        for accepted in waiting:
            accepted.playback.cancel()
        return True

    def of(self, guild: discord.Guild) -> Binding | None:
        """What is being read in a server: it ends when the bot is nowhere any more."""
        if self._sessions.of(guild).state is State.IDLE:
            self._bindings.pop(guild.id, None)
        return self._bindings.get(guild.id)

    async def message(self, message: discord.Message) -> None:
        """Say a new message, if it is to be read."""
        if message.guild is None or not is_readable(message):
            return
        binding = self._bindings.get(message.guild.id) and self.of(message.guild)
        if binding is None:
            return
        session = self._sessions.of(message.guild)
        async with binding.turn:
            seat = session.channel
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
                spoken = await self._spoken(message, message.guild, settings)
            if not spoken:
                del binding.accepted[message.id]
                accepted.playback.cancel()
                return
            utterance = await self._utterance(
                accepted.opening + spoken, message.author.id, message.guild.id, settings
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

    async def moved(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        """Say that somebody came or left, where the server wants that."""
        binding = self._bindings.get(member.guild.id) and self.of(member.guild)
        if binding is None or member.bot or before.channel == after.channel:
            return
        session = self._sessions.of(member.guild)
        seat = session.channel
        if seat is None or seat.id not in {c.id for c in (before.channel, after.channel) if c}:
            return
        async with binding.turn:
            settings = await self._services.store.guild_settings.get(member.guild.id)
            excluded = await self._services.store.exclusions.of(member.id, member.guild.id)
            if not settings.announce_moves or excluded:
                return
            pronunciations = await self._services.pronouncing.of(member.guild.id, member.id)
            name = self._name(member, pronunciations)
            came = after.channel is not None and after.channel.id == seat.id
            sentence = f"{name} {'joined' if came else 'left'}."
            speaker = Speaker(
                voice=StockVoice(settings.stock_voice or ""),
                guild_id=member.guild.id,
                user_id=member.id,
            )
            try:
                session.speak(
                    self._services.speech.utterance([sentence], speaker),
                    author_id=member.id,
                    label=sentence,
                )
            except UserError as error:
                log.info("not announced", extra={"reason": str(error)})

    async def close(self) -> None:
        """End what is still being told."""
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
        spoken = await self._spoken(message, guild, settings)
        if not spoken:
            return
        author = message.author
        opening = ""
        now = self._clock()
        if settings.read_names and (
            binding.last_author_id != author.id or now - binding.last_at > settings.name_pause_s
        ):
            name = self._name(author, await self._services.pronouncing.of(guild.id, author.id))
            opening = f"{name} says: "
        line = EditableLine(await self._utterance(opening + spoken, author.id, guild.id, settings))
        try:
            playback = session.speak(line, author_id=author.id, label=message.content[:80])
        except UserError as error:
            self._spawn(self._tell(message, binding, sentence_for(error)))
            return
        binding.last_author_id, binding.last_at = author.id, now
        binding.read += 1
        binding.accepted[message.id] = _Accepted(playback, line, text_of(message), opening)
        self._spawn(self._follow(message, binding, playback))

    async def _follow(self, message: discord.Message, binding: Binding, playback: Playback) -> None:
        try:
            await playback.started
            await playback.finished
        except (UserError, SpeechError) as error:
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

    async def _spoken(
        self, message: discord.Message, guild: discord.Guild, settings: GuildSettings
    ) -> str:
        text = text_of(message)
        return self._services.reader.spoken(
            text,
            names_in(text, guild, message.mentions),
            await self._services.pronouncing.of(guild.id, message.author.id),
            max_chars=settings.max_message_chars,
        )

    def _name(self, author: discord.abc.User, pronunciations: Pronunciations) -> str:
        name = self._services.reader.spoken(
            author.display_name, Names(), pronunciations, max_chars=32
        )
        return name.rstrip(".") or "Somebody"

    async def _utterance(
        self, spoken: str, user_id: int, guild_id: int, settings: GuildSettings
    ) -> Utterance:
        speaker = await self._services.voices.speaker(None, user_id=user_id, guild_id=guild_id)
        engine = self._services.executor.status().engine
        if speaker.voice == StockVoice() and engine:
            stock = stock_voice_of(user_id, engine.stock_voices, settings.stock_voice)
            speaker = msgspec.structs.replace(speaker, voice=stock)
        return self._services.speech.utterance(self._services.reader.chunks(spoken), speaker)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name="live reading")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _began(playback: Playback) -> bool:
    return playback.started.done() and playback.started.exception() is None
