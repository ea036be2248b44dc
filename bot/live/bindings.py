"""Where messages are read aloud: any number of text channels in a server.

They are read from `/live start` until `/live stop` or until the bot leaves voice; where a server
wants it to come by itself, until `/live stop` alone. They are kept in the database as well, so that
reading goes on after a restart.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import discord

from bot.base.errors import UserError
from bot.base.tasks import TaskSet
from bot.catalogue import Said, locale_of
from bot.channel import reasons
from bot.channel.admission import VocalChannel
from bot.channel.sessions import VoiceSessions
from bot.live.guild_reading import Bound, GuildReading, Readable, require_unheard
from bot.live.notices import begun, not_going_on, overheard, told_in
from bot.live.place import where_to_go_on
from data.rows import GuildSettings, LiveBinding
from data.store import Store

log = logging.getLogger(__name__)

#: So many channels are read in a server at once.
MOST_CHANNELS = 25
#: For these reasons the bot is where nobody wants it any more.
_SENT_AWAY = frozenset({reasons.LEFT, reasons.KICKED})


class Bindings:
    """The bindings of all servers."""

    def __init__(self, store: Store, sessions: VoiceSessions, linked: Callable[[str], str]) -> None:
        self._linked = linked
        self._rows = store.live_bindings
        self._settings = store.guild_settings
        self._sessions = sessions
        self._readings: dict[int, GuildReading] = {}
        self._interrupted: dict[int, list[LiveBinding]] = {}
        self._tasks = TaskSet()
        self._closing = False

    def of(self, guild_id: int) -> GuildReading | None:
        return self._readings.get(guild_id)

    async def begin(
        self,
        text: Bound,
        seat: VocalChannel,
        bring: Callable[[], Awaitable[None]],
        *,
        approved: bool,
        follows_authors: bool,
    ) -> LiveBinding:
        """Read `text` aloud, too, in `seat` or where its authors sit; say so to those who write.

        `bring` has the bot come to `seat`. Raises `UserError` where it does not, and where somebody
        who sits there cannot see `text`, unless that is `approved`.
        """
        guild = seat.guild
        settings = await self._settings.get(guild.id)
        binding = LiveBinding(
            guild_id=guild.id,
            text_channel_id=text.id,
            voice_channel_id=seat.id,
            approved=approved,
            follows_authors=follows_authors,
        )
        async with self._turn_of(guild.id) as reading:
            require_unheard(seat, text, approved=binding.approved)
            if len(reading.channels.keys() - {text.id}) >= MOST_CHANNELS:
                raise UserError(
                    "I am reading {most} channels here already, and cannot read more. `/live "
                    "stop` with a channel ends one.",
                    most=MOST_CHANNELS,
                )
            if self._sessions.of(guild).seat is None and not settings.auto_join:
                # Left over from when the server wanted the bot to come by itself.
                reading.channels.clear()
                await self._rows.remove(guild.id)
            await self._go(reading, seat, bring)
            before, reading.channels[text.id] = reading.channels.get(text.id), binding
            reading.sent_away = False
            try:
                await self._rows.put(binding)
            except BaseException:  # whoever asked is told that it failed, and others nothing
                if self._readings.get(guild.id) is reading:
                    reading.put_back(text.id, before)
                    self._sessions.of(guild).reading = bool(reading.at(seat.id))
                raise
        if isinstance(text, Readable):  # in a forum's post it is said once that is read
            self._tell(text, begun(seat, binding, settings.unread_prefix))
        return binding

    def announce_post(
        self, post: Readable, seat: VocalChannel, reading: GuildReading, settings: GuildSettings
    ) -> None:
        """Say in a forum's post that it is read, once: the forum has no place to say so."""
        binding = reading.binding_of(post)
        if binding and binding.text_channel_id != post.id and post.id not in reading.told_posts:
            reading.told_posts.add(post.id)
            self._tell(post, begun(seat, binding, settings.unread_prefix))

    async def come(self, reading: GuildReading, seat: VocalChannel, told_in: Readable) -> None:
        """Be in `seat` for the reading's sake. In its turn. Raises `UserError`."""
        session = self._sessions.of(seat.guild)
        await self._go(reading, seat, lambda: session.join(seat, asked_in=told_in))

    async def _go(
        self, reading: GuildReading, seat: VocalChannel, bring: Callable[[], Awaitable[None]]
    ) -> None:
        session = self._sessions.of(seat.guild)
        auto_join = (await self._settings.get(seat.guild.id)).auto_join
        here = session.seat
        reading.going_to = 0 if here and here.id == seat.id else seat.id
        try:
            await bring()
            if session.seat is None or self._readings.get(seat.guild.id) is not reading:
                raise UserError(reasons.NOWHERE)
        except BaseException:
            reading.going_to = 0
            raise
        session.reading, session.returns = True, auto_join

    @asynccontextmanager
    async def _turn_of(self, guild_id: int) -> AsyncIterator[GuildReading]:
        """A turn of a server's reading, which begins with it and ends where nothing is read."""
        reading = None
        while reading is None or self._readings.get(guild_id) is not reading:
            reading = self._readings.setdefault(guild_id, GuildReading())
            await reading.turn.acquire()
            if self._readings.get(guild_id) is not reading:  # stopped meanwhile
                reading.turn.release()
        try:
            yield reading
        finally:
            reading.turn.release()
            if not reading.channels and self._readings.get(guild_id) is reading:
                del self._readings[guild_id]

    async def stop_if_overheard(
        self, guild: discord.Guild, seat: VocalChannel, *, restarted: bool = False
    ) -> None:
        """Stop what somebody in `seat` cannot see; what follows its authors falls silent there.

        In the reading's turn.
        """
        if (reading := self._readings.get(guild.id)) is None:
            return
        stopped = []
        for text, binding, hidden in reading.overheard_in(seat):
            if binding.follows_authors:
                reading.cancel_in(text.id)
            elif self._silence(guild, text.id):
                said = not_going_on(hidden) if restarted else overheard(text, seat)
                self._tell(told_in(text, seat), said)
                stopped.append(text.id)
        for text_channel_id in stopped:
            await self._rows.remove(guild.id, text_channel_id)

    def _tell(self, where: Readable, sentence: Said) -> None:
        async def send() -> None:
            locale = locale_of(where.guild, (await self._settings.get(where.guild.id)).language)
            try:
                await where.send(self._linked(sentence.for_locale(locale)))
            except discord.HTTPException as error:
                log.warning("live reading could not be announced", extra={"status": error.status})

        self._tasks.spawn(send(), name="live reading notice")

    async def stop(self, guild: discord.Guild, text_channel_id: int | None = None) -> bool:
        """Read one channel no more, or (None) none of a server's; false where none was to be.

        Silent before the database is asked. What that refused to forget is there to be stopped.
        """
        was_read = self._silence(guild, text_channel_id)
        if not was_read and guild.id in self._interrupted:  # who may stop that is not known yet
            return False
        return await self._rows.remove(guild.id, text_channel_id) or was_read

    def _silence(self, guild: discord.Guild, text_channel_id: int | None) -> bool:
        """Say nothing more of one channel, or (None) of any; false where none was read."""
        reading = self._readings.get(guild.id)
        if reading is None or text_channel_id not in (None, *reading.channels):
            return False
        if text_channel_id is not None and len(reading.channels) > 1:
            del reading.channels[text_channel_id]
            reading.cancel_in(text_channel_id)
        else:
            del self._readings[guild.id]
            self._sessions.of(guild).reading = False
            reading.cancel()
        return True

    def left(self, guild_id: int, reason: Said) -> None:
        """The bot is in no channel of a server any more: end reading, unless it comes by itself.

        Or unless the bot itself is ending: then it goes on when it is back.
        """
        reading = self._readings.pop(guild_id, None)
        if reading and not self._closing:
            self._tasks.spawn(self._part(guild_id, reading, reason), name="end live reading")

    async def _part(self, guild_id: int, before: GuildReading, reason: Said) -> None:
        auto_join = (await self._settings.get(guild_id)).auto_join
        now = self._readings.get(guild_id)
        for text_channel_id, binding in before.channels.items():
            if now and text_channel_id in now.channels:  # begun again meanwhile
                continue
            if auto_join:
                now = now or self._readings.setdefault(guild_id, GuildReading())
                now.channels[text_channel_id] = binding
                now.sent_away = now.sent_away or reason in _SENT_AWAY
            else:
                await self._rows.remove(guild_id, text_channel_id)

    async def moved(self, guild: discord.Guild, left_id: int | None, came_to: VocalChannel) -> None:
        """Follow the bot into another voice channel, unless the reading itself took it there.

        Where the bot comes by itself, each channel stays bound to where it is. What somebody cannot
        see there ends. In the reading's turn.
        """
        reading = self._readings.get(guild.id)
        if reading is None:
            return
        auto_join = (await self._settings.get(guild.id)).auto_join
        own_way, reading.going_to = auto_join or reading.going_to == came_to.id, 0
        led = reading.lead(None if own_way else left_id, came_to.id)
        self._sessions.of(guild).reading = bool(reading.at(came_to.id))
        await self.stop_if_overheard(guild, came_to)
        for binding in led:  # what is refused here is noted when the bot moves again
            if self.of(guild.id) is reading and binding in reading.channels.values():
                await self._rows.put(binding)

    async def deleted(self, guild: discord.Guild, channel_id: int) -> None:
        """End what was read of, or in, a channel that is gone."""
        reading = self._readings.get(guild.id)
        if reading is None:
            return
        reading.cancel_in(channel_id)
        for id_, binding in list(reading.channels.items()):
            settled = binding.voice_channel_id == channel_id and not binding.follows_authors
            if id_ == channel_id or settled:
                await self.stop(guild, id_)

    async def remember(self) -> None:
        """After a start: learn where reading was interrupted."""
        for binding in await self._rows.all():
            self._interrupted.setdefault(binding.guild_id, []).append(binding)

    async def resume(self, guild: discord.Guild) -> None:
        """Go on where reading was interrupted, if anybody is there; else it is over.

        Where a server wants the bot to come by itself, it waits until somebody is.
        """
        interrupted = self._interrupted.pop(guild.id, [])
        if not interrupted or guild.id in self._readings:
            return
        auto_join = (await self._settings.get(guild.id)).auto_join
        reading = GuildReading({one.text_channel_id: one for one in interrupted})
        seat = where_to_go_on(guild, interrupted)
        if seat or auto_join:
            self._readings[guild.id] = reading
        if seat is None:
            log.info("nobody to read on for", extra={"guild": guild.id})
            if not auto_join:
                await self._rows.remove(guild.id)
            return
        async with reading.turn:  # what is written while the bot is on its way waits for it
            await self._go_on(guild, reading, seat, over=not auto_join)

    async def _go_on(
        self, guild: discord.Guild, reading: GuildReading, seat: VocalChannel, *, over: bool
    ) -> None:
        """Come to `seat` after a restart; where that fails reading is `over`."""
        texts = [guild.get_channel_or_thread(one.text_channel_id) for one in reading.at(seat.id)]
        places = [told_in(text, seat) for text in texts if isinstance(text, Bound)]
        try:
            if not places:
                raise UserError("The channel that I read is gone.")
            await self.come(reading, seat, places[0])
        except UserError as error:
            if self._closing:
                return
            if over and self._readings.get(guild.id) is reading:
                del self._readings[guild.id]
                await self._rows.remove(guild.id)
            for where in places:
                self._tell(where, not_going_on(error))
            return
        await self.stop_if_overheard(guild, seat, restarted=True)

    async def close(self) -> None:
        """What is being read goes on after the next start."""
        self._closing = True
        await self._tasks.wait()
