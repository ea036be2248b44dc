"""Where messages are read aloud: one binding per server at most.

It lasts from `/live start` until `/live stop` or until the bot leaves voice, and is kept in the
database as well, so that reading goes on after a restart.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import discord

from bot.base.errors import UserError
from bot.base.tasks import TaskSet
from bot.catalogue import Said, Sentence, locale_of
from bot.channel import reasons
from bot.channel.admission import VocalChannel, listened_to
from bot.channel.playback import Playback
from bot.channel.sessions import VoiceSessions
from bot.live.line import EditableLine
from data.rows import LiveBinding
from data.store import Store

log = logging.getLogger(__name__)

#: What can be read aloud.
Readable = discord.TextChannel | discord.Thread | discord.VoiceChannel | discord.StageChannel


@dataclass(slots=True)
class AcceptedMessage:
    """A message that is waiting or being said."""

    playback: Playback
    line: EditableLine
    text: str


@dataclass(slots=True)
class Binding:
    """Live reading in one server. `last_at` and `told_at` are in seconds of the reading's clock.

    `approved`: a moderator wants it read to people, too, who cannot see the text channel.
    """

    text_channel_id: int
    approved: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    accepted: dict[int, AcceptedMessage] = field(default_factory=dict)
    last_author_id: int = 0
    last_at: float = 0.0
    told_at: dict[int, float] = field(default_factory=dict)
    read: int = 0

    def cancel(self, concerned: Callable[[int, Playback], bool] = lambda *_: True) -> None:
        """Say nothing more of some messages, by id and playback; their authors are told nothing."""
        cancelled = [id_ for id_, one in self.accepted.items() if concerned(id_, one.playback)]
        # Out of `accepted` before any is cancelled: of those that are in it the author is told.
        for accepted in [self.accepted.pop(message_id) for message_id in cancelled]:
            accepted.playback.cancel()


class Bindings:
    """The bindings of all servers."""

    def __init__(self, store: Store, sessions: VoiceSessions, linked: Callable[[str], str]) -> None:
        self._linked = linked
        self._rows = store.live_bindings
        self._sessions = sessions
        self._bindings: dict[int, Binding] = {}
        self._interrupted: dict[int, LiveBinding] = {}
        self._tasks = TaskSet()
        self._closing = False

    def of(self, guild_id: int) -> Binding | None:
        return self._bindings.get(guild_id)

    async def begin(self, guild: discord.Guild, text: Readable, *, approved: bool) -> None:
        """Read `text` aloud where the bot is, and say so to those who write there.

        Raises `UserError` where somebody who sits there cannot see it, unless that is `approved`.
        """
        await self._start(guild, text, approved=approved)
        seat = self._sessions.of(guild).seat
        where = seat.mention if seat else Sentence("your voice channel")
        self._tell(
            text,
            Sentence(
                "From now on I read this channel aloud in {where}. I skip messages that begin with "
                "`;`, and all of yours after `/live optout`.",
                where=where,
            ),
        )

    async def stop_if_overheard(self, guild: discord.Guild, seat: VocalChannel) -> bool:
        """Stop where somebody in `seat` cannot see what is read; whether that was so."""
        binding = self._bindings.get(guild.id)
        text = guild.get_channel_or_thread(binding.text_channel_id) if binding else None
        if binding is None or binding.approved or not isinstance(text, Readable):
            return False
        if not _overheard(seat, text):
            return False
        await self.stop(guild)
        self._tell(
            text,
            Sentence(
                "I stopped reading this channel aloud: somebody in {channel} cannot see it. "
                "A moderator can start me again with `/live start`.",
                channel=seat.mention,
            ),
        )
        return True

    def _tell(self, where: Readable, sentence: Said) -> None:
        async def send() -> None:
            try:
                await where.send(self._linked(sentence.for_locale(locale_of(where.guild))))
            except discord.HTTPException as error:
                log.warning("live reading could not be announced", extra={"status": error.status})

        self._tasks.spawn(send(), name="live reading notice")

    async def _start(self, guild: discord.Guild, text: Readable, *, approved: bool) -> None:
        session = self._sessions.of(guild)
        seat = session.seat
        if seat is None:
            raise UserError(reasons.NOWHERE)
        if not approved and _overheard(seat, text):
            raise UserError(
                "Somebody in {channel} cannot see {text_channel}. "
                "Only a moderator can have it read there.",
                channel=seat.mention,
                text_channel=text.mention,
            )
        await self._rows.put(
            LiveBinding(
                guild_id=guild.id,
                text_channel_id=text.id,
                voice_channel_id=seat.id,
                approved=approved,
            )
        )
        binding = self._bindings.setdefault(guild.id, Binding(text.id))
        # What was accepted before of another channel is said all the same.
        binding.text_channel_id, binding.approved = text.id, approved
        session.reading = True

    async def stop(self, guild: discord.Guild) -> None:
        binding = self._bindings.pop(guild.id, None)
        if binding is None:
            return
        self._sessions.of(guild).reading = False
        await self._rows.remove(guild.id)
        binding.cancel()

    def left(self, guild_id: int) -> None:
        """End reading in a server where the bot is in no channel any more.

        Unless that is because the bot is ending: then it goes on when it is back.
        """
        if self._bindings.pop(guild_id, None) and not self._closing:
            self._tasks.spawn(self._rows.remove(guild_id), name="end live reading")

    async def moved(self, guild_id: int, voice_channel_id: int) -> None:
        await self._rows.moved(guild_id, voice_channel_id)

    async def remember(self) -> None:
        """After a start: learn where reading was interrupted."""
        self._interrupted = {binding.guild_id: binding for binding in await self._rows.all()}

    async def resume(self, guild: discord.Guild) -> None:
        """Go on where reading was interrupted, if anybody is there; else it is over."""
        interrupted = self._interrupted.pop(guild.id, None)
        if interrupted is None or guild.id in self._bindings:
            return
        seat = guild.get_channel(interrupted.voice_channel_id)
        text = guild.get_channel_or_thread(interrupted.text_channel_id)
        if not (
            isinstance(seat, VocalChannel) and isinstance(text, Readable) and listened_to(seat)
        ):
            log.info("nobody to read on for", extra={"guild": guild.id})
            await self._rows.remove(guild.id)
            return
        session = self._sessions.of(guild)
        binding = self._bindings[guild.id] = Binding(interrupted.text_channel_id)
        async with binding.turn:  # what is written while the bot is on its way waits for it
            try:
                await session.join(seat, asked_in=text)
                if self.of(guild.id) is binding:  # nobody has stopped it meanwhile
                    await self._start(guild, text, approved=interrupted.approved)
            except UserError as error:
                self._bindings.pop(guild.id, None)
                if not self._closing:
                    said = Sentence(
                        "I was restarted, and could not go on reading: {reason}",
                        reason=error.sentence,
                    )
                    session.announce(said.altered(self._linked))
                    await self._rows.remove(guild.id)

    async def close(self) -> None:
        """What is being read goes on after the next start."""
        self._closing = True
        await self._tasks.wait()


def _overheard(seat: VocalChannel, text: Readable) -> bool:
    """Whether anybody in `seat` cannot see `text`. Bots do not count, people unknown do."""
    members = (seat.guild.get_member(user_id) for user_id in seat.voice_states)
    return any(
        member is None or not (member.bot or text.permissions_for(member).view_channel)
        for member in members
    )
