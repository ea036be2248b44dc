"""Looks at each session twice a second, so that it never stays where it should not be.

Each thing watched is a method, which must not wait: what takes longer is a task, and its session is
not looked at until that is done.
"""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Coroutine

import discord

from bot.catalogue import Sentence
from bot.channel import reasons
from bot.channel.admission import VocalChannel
from bot.channel.audience import Encryption, encryption_of
from bot.channel.limits import LeaveAfter
from bot.channel.playback import LeftOut
from bot.channel.session import VoiceSession
from bot.speech.audio.opus import SILENCE

log = logging.getLogger(__name__)

TICK_S = 0.5

#: Into so many parts, one after the other, all sessions are dealt out within `TICK_S`: hundreds at
#: once would hold up everything else.
_PARTS = 10

#: Voice states come a moment after the connection; what lasts longer than this is wrong.
_ABSENT_S = 1.0

#: How soon a server's change of mind about when to leave counts.
_ASK_EVERY_S = 2.0

#: At most one notice about dropped messages in this time.
_NOTICE_INTERVAL_S = 30.0


class _Since:
    """How long a condition has held without a break."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: float | None = None

    def held_s(self, holds: bool) -> float:
        """Seconds that it has held, 0 while it does not."""
        if not holds:
            self._since = None
            return 0.0
        if self._since is None:
            self._since = self._clock()
        return self._clock() - self._since


class Watches:
    """Looks at the sessions that it was given, from the first one until `close`.

    `leave_after` is asked what a server wants.
    """

    def __init__(self, leave_after: Callable[[int], Awaitable[LeaveAfter]]) -> None:
        self._leave_after = leave_after
        self._watches: dict[int, _Watch] = {}
        self._looking: asyncio.Task[None] | None = None

    def add(self, session: VoiceSession) -> None:
        self._watches[session.guild_id] = _Watch(session, self._leave_after)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="voice watch")

    def remove(self, guild_id: int) -> None:
        self._watches.pop(guild_id).stop()

    def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        for watch in self._watches.values():
            watch.stop()

    async def _look(self) -> None:
        for part in itertools.cycle(range(_PARTS)):
            await asyncio.sleep(TICK_S / _PARTS)
            for watch in list(self._watches.values())[part::_PARTS]:
                watch.look()


class _Watch:
    """What was seen of one session before."""

    def __init__(
        self, session: VoiceSession, leave_after: Callable[[int], Awaitable[LeaveAfter]]
    ) -> None:
        clock = asyncio.get_running_loop().time
        self._session = session
        self._ask_leave_after = leave_after
        self._leave_after = LeaveAfter(0, 0)
        self._asked_at = -_ASK_EVERY_S
        self._clock = clock
        self._unusable = _Since(clock)
        self._absent = _Since(clock)
        self._unencrypted = _Since(clock)
        self._alone = _Since(clock)
        self._encryption_retried = False
        self._sent_at = clock()
        self._left_out = 0
        self._noticed_at = -_NOTICE_INTERVAL_S
        self._acting: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Look at it once, unless what was seen before is still being acted on."""
        if self._acting is None:
            try:
                self._look()
            except Exception:
                log.exception("watch", extra={"guild": self._session.guild_id})

    def stop(self) -> None:
        if self._acting is not None:
            self._acting.cancel()

    def _act(self, work: Coroutine[None, None, None]) -> None:
        self._acting = asyncio.create_task(self._acted(work), name="voice watch acts")

    async def _acted(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Exception:
            log.exception("watch", extra={"guild": self._session.guild_id})
        finally:
            self._acting = None

    def _look(self) -> None:
        session = self._session
        if session.line or self._left_out:
            self._leave_out_old()
        channel = session.link.channel
        if self._lost(channel) or channel is None:
            self._alone.held_s(False)
            return
        session.members_changed(channel)
        session.play()
        self._keep_alive()
        if self._encrypts(channel):
            self._company()

    def _leave_out_old(self) -> None:
        session = self._session
        if session.source.paused:
            return
        now = self._clock()
        for playback in session.line.take_older(now - session.limits.max_wait_s):
            minutes = session.limits.max_wait_s / 60
            playback.fail(
                LeftOut(
                    "I left that out: it had waited for more than {minutes:g} min.",
                    minutes=minutes,
                )
            )
            self._left_out += 1
        if self._left_out and now - self._noticed_at >= _NOTICE_INTERVAL_S:
            session.announce(
                Sentence.counted(
                    "There is too much to say at once: I left out {count} message.",
                    "There is too much to say at once: I left out {count} messages.",
                    self._left_out,
                )
            )
            self._noticed_at, self._left_out = now, 0

    def _lost(self, channel: VocalChannel | None) -> bool:
        """Begin anew where the connection is dead or Discord does not know of it."""
        session = self._session
        unusable = absent = False
        if channel is not None:
            connection, guild = session.link.connection, channel.guild
            unusable = connection is None or not connection.usable
            me = None if guild.unavailable else guild.me
            absent = me is not None and not me.voice
        too_long = (
            # discord.py is given its own timeout to follow a move or a migration first.
            self._unusable.held_s(unusable) > 1.5 * session.limits.connect_timeout_s
            or self._absent.held_s(absent) > _ABSENT_S
        )
        if too_long:
            log.warning("not where it should be", extra={"guild": session.guild_id})
            session.link.recover()
        return too_long or unusable

    def _keep_alive(self) -> None:
        connection = self._session.link.connection
        if connection is None or connection.is_playing():
            self._sent_at = self._clock()
        elif self._clock() - self._sent_at >= self._session.limits.keep_alive_s:
            self._sent_at = self._clock()
            connection.send_opus(SILENCE)

    def _encrypts(self, channel: VocalChannel) -> bool:
        """Where people are and packets are not encrypted: reconnect once, then give up."""
        session = self._session
        connection = session.link.connection
        if connection is None or not session.audience.listened_to:
            self._unencrypted.held_s(False)
            return True
        encryption = encryption_of(connection)
        if encryption is Encryption.ON:
            self._encryption_retried = False
        # A stage is never encrypted; a voice channel that is not may have been when it began.
        expected = encryption is Encryption.PENDING or (
            encryption is Encryption.OFF and isinstance(channel, discord.VoiceChannel)
        )
        if self._unencrypted.held_s(expected) <= session.limits.encryption_timeout_s:
            return True
        if not self._encryption_retried:
            log.warning("people here, not encrypting", extra={"guild": session.guild_id})
            self._encryption_retried = True
            self._unencrypted.held_s(False)
            session.link.recover()
            return False
        if encryption is Encryption.PENDING and session.backlog:
            self._encryption_retried = False
            self._act(session.stop(reasons.UNENCRYPTED))
            return False
        return True

    def _company(self) -> None:
        session, now = self._session, self._clock()
        alone_s = self._alone.held_s(not session.audience.listened_to)
        sounding = session.sounding and not session.source.paused
        idle_s = 0.0 if sounding else now - session.active_at
        if not alone_s and idle_s < _ASK_EVERY_S:
            return  # whatever was chosen: while hundreds speak, nobody has to ask
        ask = now - self._asked_at >= _ASK_EVERY_S
        after = self._leave_after
        alone_too_long = after.alone_s and alone_s >= after.alone_s
        if ask or alone_too_long or (after.idle_s and idle_s >= after.idle_s):
            self._asked_at = now if ask else self._asked_at
            self._act(self._leave(alone_s, idle_s, ask=ask))

    async def _leave(self, alone_s: float, idle_s: float, *, ask: bool) -> None:
        """Leave, if the server wants that after so long; `ask` it anew whether it does."""
        session = self._session
        if ask:
            self._leave_after = await self._ask_leave_after(session.guild_id)
        after = self._leave_after
        leave = session.leave if session.returns else session.stop
        if after.alone_s and alone_s >= after.alone_s:
            await leave(reasons.ALONE)
            return
        if after.idle_s and idle_s >= after.idle_s:
            held_back = session.source.paused and session.backlog
            if held_back:
                await session.stop(reasons.PAUSED)
            else:
                await leave(reasons.IDLE)
