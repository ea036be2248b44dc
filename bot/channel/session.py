"""One server's voice session: a state machine around one connection, and the line spoken in it.

Owned by the bot, not by a cog, so that a reloaded cog does not cut anybody off. Everything runs on
the event loop; only `OpusQueueSource.read` is called from discord.py's player thread.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from enum import Enum

import discord

from bot.base.errors import UserError
from bot.channel import reasons
from bot.channel.admission import (
    VocalChannel,
    listened_to,
    require_admission,
    require_free,
    silenced,
)
from bot.channel.connecting import connect, disconnect, move
from bot.channel.connection import FINAL_CODES, Connection
from bot.channel.encryption import Encryption, encryption_of
from bot.channel.limits import VoiceLimits
from bot.channel.line import Line
from bot.channel.playback import Playback, Speakable
from bot.channel.source import OpusQueueSource, Pace
from bot.channel.speaker import LineSpeaker

log = logging.getLogger(__name__)

#: Pauses before the attempts to be back in a channel.
_RECOVERY_PAUSES_S = (0.0, 0.5, 1.0, 2.0, 4.0)


class State(Enum):
    """What a session is doing. The last three are read from the connection, not remembered."""

    IDLE = "idle"
    CONNECTING = "connecting"
    MOVING = "moving"
    RECOVERING = "recovering"
    LEAVING = "leaving"
    ENCRYPTING = "encrypting"
    READY = "ready"
    SPEAKING = "speaking"


class VoiceSession:
    """Joins, speaks and leaves in one server. One thing at a time, and never stuck in any.

    What is accepted by `speak` is said once, or its `Playback` fails with the reason.
    """

    def __init__(
        self,
        guild_id: int,
        find_guild: Callable[[int], discord.Guild | None],
        limits: VoiceLimits,
        on_left: Callable[[int], None],
    ) -> None:
        self.guild_id = guild_id
        self.limits = limits
        self._find_guild = find_guild
        self._on_left = on_left
        self._lock = asyncio.Lock()
        self._doing: State | None = State.IDLE  # None: connected, see `state`
        self.connection: Connection | None = None
        self._bound_for = 0  # the channel that is being joined or recovered
        self._recovering: asyncio.Task[None] | None = None
        self._told_in: discord.abc.Messageable | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.line = Line()
        self.source = OpusQueueSource(
            self._may_sound, held_lead_in_ms=limits.first_lead_in_ms, pace=Pace().wait
        )
        self._speaker = LineSpeaker(self.line, self.source, self.play)
        self.listened_to = False
        #: What is written is read aloud here, so there are listeners even while nothing is said.
        self.reading = False
        self.silenced: str | None = None  # why, as a sentence
        self._newcomer_until = 0.0
        self._code_when_alone: str | None = None
        self._fresh = True  # nothing has been sent on this connection yet
        self._paused_at = 0.0
        self.active_at = asyncio.get_running_loop().time()

    # What is

    @property
    def guild(self) -> discord.Guild | None:
        """The server as discord.py knows it now: a new gateway session brings a new object."""
        return self._find_guild(self.guild_id)

    @property
    def state(self) -> State:
        """What the session is doing now."""
        if self._doing is not None:
            return self._doing
        if self.connection is None or not self.connection.usable:
            return State.MOVING  # Discord moved it, and discord.py follows
        if encryption_of(self.connection) is Encryption.PENDING:
            return State.ENCRYPTING
        return State.SPEAKING if self.current else State.READY

    @property
    def channel(self) -> VocalChannel | None:
        """Where the bot is, or None."""
        if self._doing is not None or self.connection is None:
            return None
        return self._vocal(self.connection.channel.id)

    @property
    def seat(self) -> VocalChannel | None:
        """Where the bot is or is about to be: whoever means the bot there is not turned away."""
        return self.channel or self._vocal(self._bound_for)

    def _vocal(self, channel_id: int) -> VocalChannel | None:
        channel = self.guild.get_channel(channel_id) if self.guild else None
        return channel if isinstance(channel, VocalChannel) else None

    @property
    def current(self) -> Playback | None:
        """What is being said."""
        return self._speaker.current

    @property
    def accepted(self) -> list[Playback]:
        """What sounds and what waits, in the order in which it is said."""
        return ([self.current] if self.current else []) + self.line.listed()

    @property
    def backlog(self) -> int:
        """Utterances that are waiting or sounding."""
        return len(self.line) + (self.current is not None)

    # Coming and going

    async def join(
        self,
        channel: VocalChannel,
        *,
        asked_in: discord.abc.Messageable | None = None,
        asked_by: int = 0,
        over_others: bool = False,
    ) -> None:
        """Be in `channel`. Raises `UserError` with what is missing where that cannot be.

        `asked_in` is where it is said when the session later ends by itself. Unless `over_others`,
        it is refused to take the bot away from people who are listening to others than `asked_by`.
        """
        async with self._lock:
            here = self.channel
            if here and here.id != channel.id and not over_others:
                require_free(here, self.accepted, asked_by, reading=self.reading)
            self._told_in = asked_in or self._told_in
            self.active_at = asyncio.get_running_loop().time()
            connection = self.connection
            if connection and connection.usable and connection.channel.id == channel.id:
                return
            require_admission(channel)
            log.info("joining", extra={"guild": self.guild_id, "channel": channel.id})
            self._bound_for = channel.id
            try:
                moved = False
                if connection and connection.usable:
                    self._doing = State.MOVING
                    moved = await move(connection, channel, self.limits.connect_timeout_s)
                if not moved:
                    self._doing = State.CONNECTING
                    await self._connect(channel)
            except BaseException as error:
                self._become_idle(str(error) if isinstance(error, UserError) else reasons.BROKEN)
                raise
            self._arrived()

    async def leave(self, reason: str = reasons.LEFT) -> None:
        """Be nowhere; what was waiting to be said is given up and its authors are told."""
        self.drop(reason)
        # Before the lock, which a recovery would hold until it is back.
        self._doing, self._bound_for = State.LEAVING, 0
        self._stop_recovering()
        try:
            async with self._lock:
                self._doing = State.LEAVING
                await self._disconnect()
        finally:
            self._become_idle(reason)

    async def stop(self, reason: str) -> None:
        """Leave by the bot's own decision, and say why where it was called."""
        self.announce(reason)
        await self.leave(reason)

    def recover(self) -> None:
        """Begin a new connection to the same channel; what was to be said waits meanwhile."""
        connection = self.connection
        if self._doing is None and connection:
            self._doing, self._bound_for = State.RECOVERING, connection.channel.id
            self._recovering = self.spawn(self._recover(connection.channel.id))

    def _stop_recovering(self) -> None:
        if self._recovering:
            self._recovering.cancel()
            self._recovering = None

    async def _recover(self, channel_id: int) -> None:
        async with self._lock:
            if self._doing is not State.RECOVERING:
                return
            reason = reasons.BROKEN
            for pause_s in _RECOVERY_PAUSES_S:
                await asyncio.sleep(pause_s)
                channel = self._vocal(channel_id)
                if channel is None:
                    reason = reasons.DELETED
                    break
                try:
                    require_admission(channel)
                    await self._connect(channel)
                except Exception as error:  # whatever it is, nobody else would end the recovering
                    if self._doing is not State.RECOVERING:
                        return  # `leave` cancelled this, and discord.py kept that to itself
                    reason = str(error) if isinstance(error, UserError) else reasons.BROKEN
                    log.warning("not back yet", exc_info=error, extra={"guild": self.guild_id})
                    if reason == reasons.NO_ENCRYPTION:
                        break
                else:
                    if self._doing is State.RECOVERING:
                        self._arrived()
                    return
            self._become_idle(reason)
        self.announce(reason)

    async def _connect(self, channel: VocalChannel) -> None:
        await self._disconnect()
        self.connection = await connect(channel, self.limits.connect_timeout_s, self._ended)

    async def _disconnect(self) -> None:
        # The end of a connection that is left on purpose is no news.
        self.connection = None
        if guild := self.guild:
            await disconnect(guild)

    def _arrived(self) -> None:
        self._doing, self._bound_for = None, 0
        self._fresh = True
        self.members_changed()
        self._newcomer_until = 0.0  # the group is formed with everybody who is here
        self.play()

    def _become_idle(self, reason: str) -> None:
        self._doing, self._bound_for = State.IDLE, 0
        self.connection = None
        self.drop(reason)
        self.source.paused = False
        self.reading = False
        self._on_left(self.guild_id)

    def _ended(self, connection: Connection) -> None:
        """The connection is over, and discord.py has let go of it."""
        sent_away = connection.removed and self._doing in (None, State.RECOVERING)
        if connection is not self.connection and not (sent_away and self._doing):
            return
        code = connection.close_code
        log.info(
            "voice ended",
            extra={"guild": self.guild_id, "code": code, "removed": connection.removed},
        )
        if sent_away:
            self._stop_recovering()
            there = self.guild and self.guild.get_channel(connection.channel.id)
            self._become_idle(reasons.KICKED if there else reasons.DELETED)
        elif self._doing is not None:
            return  # whoever is at work on it finds out
        elif code in FINAL_CODES:
            reason = reasons.of_code(code)
            self._become_idle(reason)
            self.announce(reason)
        else:
            self.recover()

    # Speaking

    def speak(self, utterance: Speakable, *, author_id: int = 0, label: str = "") -> Playback:
        """Say `utterance` when its turn comes. Raises `UserError` when that will not be.

        `author_id` is whose words they are: everybody's own stay in order, and many authors take
        turns. `label` is what `/queue` shows.
        """
        refusal = None
        if self._doing in (State.IDLE, State.LEAVING):
            refusal = reasons.NOWHERE
        elif self.silenced:
            refusal = self.silenced
        elif self.backlog >= self.limits.max_utterances and not self._make_room(author_id):
            refusal = (
                f"There are already {self.backlog} things waiting to be said here. "
                "Please wait a moment."
            )
        if refusal:
            utterance.cancel()
            raise UserError(refusal)
        playback = Playback(utterance, author_id=author_id, label=label, on_cancel=self._take_out)
        self.active_at = playback.asked_at
        self.line.add(playback)
        self._speaker.go_on()
        return playback

    def _make_room(self, author_id: int) -> bool:
        spare = self.line.spare(author_id)
        if spare is not None:
            spare.cancel("Others want to be heard as well, so the last of yours was left out.")
        return spare is not None

    def drop(self, reason: str) -> None:
        """Fall silent now and tell everybody whose words are lost."""
        self.stop_speaking(None, reason)

    def stop_speaking(self, author_id: int | None, reason: str = "That was stopped.") -> int:
        """Cancel everything of one author, or of everybody; returns how much that was."""
        # The waiting ones first, so that none of them begins meanwhile.
        stopped = self.line.listed() + ([self.current] if self.current else [])
        stopped = [p for p in stopped if author_id in (None, p.author_id)]
        for playback in stopped:
            playback.cancel(reason)
        return len(stopped)

    def _take_out(self, playback: Playback) -> None:
        if not self.line.remove(playback) and playback is self.current:
            self._speaker.stop_current()

    def pause(self) -> bool:
        """Hold everything back until `resume`; false if it is held back already."""
        if self.source.paused:
            return False
        self._paused_at = asyncio.get_running_loop().time()
        self.source.paused = True
        return True

    def resume(self) -> bool:
        """Go on where `pause` stopped; false if nothing is held back."""
        if not self.source.paused:
            return False
        self.line.postpone(asyncio.get_running_loop().time() - self._paused_at)
        self.source.paused = False
        self.play()
        return True

    def play(self) -> None:
        """See to it that the player runs, if there is a connection and something to play."""
        connection = self.connection
        if connection is None or not connection.usable or not self.source.pending:
            return
        self.active_at = asyncio.get_running_loop().time()
        if connection.is_playing():
            return
        self.source.lead_in(self.limits.first_lead_in_ms if self._fresh else self.limits.lead_in_ms)
        self._fresh = False
        loop = asyncio.get_running_loop()

        def player_ended(error: Exception | None) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._player_ended, error)

        connection.play(self.source, after=player_ended)

    def _player_ended(self, error: Exception | None) -> None:
        if error:
            log.error("the player failed", exc_info=error, extra={"guild": self.guild_id})
        self.play()  # something may have been queued while the player was ending

    def _may_sound(self) -> bool:
        """In the player thread: whether the next packet would be heard, and only by members."""
        connection = self.connection
        if connection is None or not connection.usable or not self.listened_to or self.silenced:
            return False
        match encryption_of(connection):
            case Encryption.PENDING:
                return False
            case Encryption.OFF:
                return True
        newcomer_waits = connection.loop.time() < self._newcomer_until
        return not newcomer_waits or connection.voice_privacy_code != self._code_when_alone

    # What happens around it

    def members_changed(self) -> None:
        """Look again at who can hear the bot."""
        connection, channel = self.connection, self.channel
        heard = bool(channel and listened_to(channel))
        if connection and heard and not self.listened_to:
            # The code of before stays until whoever came has the key of a new group.
            now = asyncio.get_running_loop().time()
            self._code_when_alone = connection.voice_privacy_code
            self._newcomer_until = now + self.limits.encryption_timeout_s
        self.listened_to = heard
        before, self.silenced = self.silenced, silenced(channel) if channel else None
        if self.silenced and not before and self.backlog:
            self.announce(self.silenced)

    def announce(self, sentence: str) -> None:
        """Say something in the channel where the bot was called."""
        if self._told_in:
            self.spawn(self._say(self._told_in, sentence))

    async def _say(self, where: discord.abc.Messageable, sentence: str) -> None:
        try:
            await where.send(sentence)
        except discord.HTTPException as error:
            log.warning("not announced", extra={"guild": self.guild_id, "status": error.status})

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run `work` beside everything else; it ends with the session at the latest."""
        task = asyncio.create_task(work, name="voice session")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Leave, and leave nothing behind."""
        for task in self._tasks:
            task.cancel()
        await self.leave()
