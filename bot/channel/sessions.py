"""All voice sessions of the bot, by server, and the events that concern them."""

import asyncio
from collections.abc import Awaitable, Callable

import discord

from bot.base.metrics import SendingFigures
from bot.catalogue import Said
from bot.channel import reasons
from bot.channel.limits import LeaveAfter, VoiceLimits
from bot.channel.sender import Sender
from bot.channel.session import VoiceSession
from bot.channel.speaking_rights import why_silent
from bot.channel.watch import Watches


class VoiceSessions:
    """Sessions are made on first use and watched from then on.

    `leave_after` and `language` are asked what a server wants, `on_left` told that the bot is in no
    channel of it any more and why, and `on_gap` each time that an utterance falls silent in its
    middle. `linked` makes commands in what is announced tappable.
    While `may_speak` says no, which it is asked in any thread, all of them are silent.
    """

    def __init__(
        self,
        limits: VoiceLimits,
        find_guild: Callable[[int], discord.Guild | None],
        leave_after: Callable[[int], Awaitable[LeaveAfter]],
        *,
        on_left: Callable[[int, Said], None],
        on_gap: Callable[[], None],
        figures: SendingFigures,
        may_speak: Callable[[], bool],
        language: Callable[[int], Awaitable[str | None]],
        linked: Callable[[str], str],
    ) -> None:
        self._limits = limits
        self._find_guild = find_guild
        self._on_left = on_left
        self._on_gap = on_gap
        self._may_speak = may_speak
        self._language = language
        self._linked = linked
        self._sessions: dict[int, VoiceSession] = {}
        self._watches = Watches(leave_after)
        self._figures = figures
        self._sender = Sender(figures)
        self._sender_watch: asyncio.Task[None] | None = None

    def of(self, guild: discord.Guild) -> VoiceSession:
        """The session of `guild`, made on first use."""
        session = self._sessions.get(guild.id)
        if session is None:
            session = VoiceSession(
                guild.id,
                self._find_guild,
                self._limits,
                sender=self._sender,
                on_left=self._on_left,
                on_gap=self._on_gap,
                full=self._full,
                may_speak=self._may_speak,
                language=self._language,
                linked=self._linked,
            )
            self._sessions[guild.id] = session
            self._watches.add(session)
            if self._sender_watch is None:
                self._sender_watch = asyncio.create_task(self._sender.watch(), name="sender watch")
        return session

    def _full(self) -> bool:
        full = self.engaged >= self._limits.max_servers
        self._figures.refused += full
        return full

    @property
    def engaged(self) -> int:
        """In how many servers the bot is in a voice channel, or on its way into one."""
        return sum(session.link.engaged for session in self._sessions.values())

    def members_changed(self, guild: discord.Guild) -> None:
        """Follow who is where; to be called for every voice state update."""
        if session := self._sessions.get(guild.id):
            session.members_changed()

    def silenced(self, member: discord.Member) -> None:
        """Say nothing more of a member whom Discord keeps from being heard where the bot is."""
        session = self._sessions.get(member.guild.id)
        if session and session.seat and (reason := why_silent(member, session.seat)):
            session.stop_speaking(member.id, reason)

    def permissions_changed(self, guild: discord.Guild) -> None:
        """Say nothing more of whom Discord silences now, nor what somebody there cannot see."""
        session = self._sessions.get(guild.id)
        if session is None:
            return
        for author_id in {playback.author_id for playback in session.accepted}:
            member = guild.get_member(author_id)
            if member is not None and not member.bot:
                self.silenced(member)
        session.check()

    def forget(self, guild: discord.Guild) -> None:
        """Drop the session of a server that the bot is no longer in."""
        if session := self._sessions.pop(guild.id, None):
            self._watches.remove(guild.id)
            session.drop(reasons.KICKED)
        self._on_left(guild.id, reasons.KICKED)

    @property
    def speaking(self) -> int:
        return sum(session.backlog > 0 for session in self._sessions.values())

    async def close(self) -> None:
        self._watches.close()
        await asyncio.gather(*(session.close() for session in self._sessions.values()))
        if self._sender_watch is not None:
            self._sender_watch.cancel()
        self._sender.close()
