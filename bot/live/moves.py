"""What live reading does when people, or the bot itself, join voice channels and leave them."""

import logging

import discord

from bot.base.errors import UserError
from bot.channel.admission import VocalChannel, listened_to, listeners_of
from bot.channel.sessions import VoiceSessions
from bot.live.bindings import Bindings
from bot.live.greetings import Greetings
from bot.live.guild_reading import Bound, GuildReading, Readable, require_unheard
from bot.live.message import author_facts
from bot.live.notices import told_in
from bot.live.rules import why_unread
from data.rows import GuildSettings
from data.store import Store
from engine.errors import SpeechError

log = logging.getLogger(__name__)


class Moves:
    """Follows who sits where, in servers where something is read."""

    def __init__(
        self, store: Store, sessions: VoiceSessions, bindings: Bindings, greetings: Greetings
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._bindings = bindings
        self._greetings = greetings

    async def moved(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        guild = member.guild
        reading = self._bindings.of(guild.id)
        if reading is None or before.channel == after.channel:
            return
        if member != guild.me and member.bot:
            return
        async with reading.turn:
            if member == guild.me:
                if after.channel:
                    left_id = before.channel.id if before.channel else None
                    await self._bindings.moved(guild, left_id, after.channel)
                return
            settings = await self._store.guild_settings.get(guild.id)
            if after.channel and settings.auto_join:
                await self._come_for(member, after.channel, reading, settings)
            muted = before.mute or after.mute
            await self._note(member, before.channel, after.channel, reading, settings, muted=muted)

    async def _come_for(
        self,
        member: discord.Member,
        seat: VocalChannel,
        reading: GuildReading,
        settings: GuildSettings,
    ) -> None:
        """Come to where somebody sat down, if they are read there and nobody is left for that."""
        here = self._sessions.of(member.guild).seat
        if not reading.settled_at(seat.id) or (here and here.id == seat.id):
            return
        if listeners_of(seat) == {member.id}:  # who sent it away has left
            reading.sent_away = False
        if reading.sent_away or not listened_to(seat) or (here and listened_to(here)):
            return
        excluded = await self._store.exclusions.of(member.id, member.guild.id)
        if why_unread(author_facts(member, seat, excluded), settings) is not None:
            return
        told_in = _unheard(seat, reading)
        if told_in is None:
            return
        try:
            await self._bindings.come(reading, seat, told_in)
        except UserError as error:
            # Nobody asked for it, so nobody is told.
            log.warning("did not come", extra={"guild": member.guild.id, "reason": str(error)})

    async def _note(
        self,
        member: discord.Member,
        left: VocalChannel | None,
        came_to: VocalChannel | None,
        reading: GuildReading,
        settings: GuildSettings,
        *,
        muted: bool,
    ) -> None:
        """Where it is the bot's own channel: stop what is not for who came, and greet them."""
        guild = member.guild
        session = self._sessions.of(guild)
        seat = session.seat
        if seat is None or seat.id not in {channel.id for channel in (left, came_to) if channel}:
            return
        came = came_to is not None and came_to.id == seat.id
        if came:
            await self._bindings.stop_if_overheard(guild, seat)
        try:
            saying = await self._greetings.of(member, seat, settings, came=came, muted=muted)
            # Stopped meanwhile, or nothing is read where the bot is.
            if saying is None or self._bindings.of(guild.id) is not reading:
                return
            reading.greet(session.speak(saying, author_id=member.id, label=saying.text))
        except (UserError, SpeechError) as error:
            log.info("not announced", extra={"reason": str(error)})


def _unheard(seat: VocalChannel, reading: GuildReading) -> Readable | None:
    """Where the bot can say that it comes to `seat`: what is read there, and all there see, if any.

    Of a forum it is the chat of `seat`.
    """
    for binding in reading.at(seat.id):
        text = seat.guild.get_channel_or_thread(binding.text_channel_id)
        if isinstance(text, Bound):
            try:
                require_unheard(seat, text, approved=binding.approved)
            except UserError:
                continue
            return told_in(text, seat)
    return None
