"""What is said in one server: the line of utterances, and their packets' way to its link.

Owned by the bot, not by a cog, so that a reloaded cog does not cut anybody off. Everything runs on
the event loop; only `OpusQueueSource.read` is called from the sender's thread.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import discord

from bot.base.errors import UserError
from bot.base.tasks import TaskSet
from bot.catalogue import Joined, Said, Sentence
from bot.channel import reasons
from bot.channel.admission import VocalChannel, require_free
from bot.channel.announcing import Announcing
from bot.channel.audience import Audience, Encryption, encryption_of
from bot.channel.limits import VoiceLimits
from bot.channel.line import Line
from bot.channel.link import Link, LinkState
from bot.channel.playback import Playback, Speakable
from bot.channel.sender import Sender
from bot.channel.source import OpusQueueSource
from bot.channel.speaker import LineSpeaker, soon
from engine.speech import Priority

log = logging.getLogger(__name__)

_STOPPED = Sentence("Somebody stopped that.")


class VoiceSession:
    """Joins, speaks and leaves in one server.

    What is accepted by `speak` is said once, or its `Playback` fails with the reason. `full` says
    whether the bot is in as many voice channels as it may be.
    """

    def __init__(
        self,
        guild_id: int,
        find_guild: Callable[[int], discord.Guild | None],
        limits: VoiceLimits,
        *,
        sender: Sender,
        on_left: Callable[[int, Said], None],
        on_gap: Callable[[], None],
        full: Callable[[], bool],
        may_speak: Callable[[], bool],
        language: Callable[[int], Awaitable[str | None]],
        linked: Callable[[str], str],
    ) -> None:
        self.guild_id = guild_id
        self.limits = limits
        self._tasks = TaskSet()
        self._announcing = Announcing(guild_id, find_guild, language, self._tasks, linked)
        self.link = Link(
            guild_id,
            find_guild,
            limits.connect_timeout_s,
            on_arrived=self._arrived,
            on_gone=self._gone,
            announce=self.announce,
            spawn=lambda work: self._tasks.spawn(work, name="voice session"),
        )
        self.audience = Audience(limits.encryption_timeout_s)
        self.line = Line()
        self.source = OpusQueueSource(
            self._may_sound,
            held_lead_in_ms=limits.first_lead_in_ms,
            on_gap=soon(on_gap),
        )
        self._speaker = LineSpeaker(self.line, self.source, self.play)
        #: What is written is read aloud here, so there are listeners even while nothing is said.
        self.reading = False
        #: It comes back by itself: that it leaves a channel where nothing is said is no news.
        self.returns = False
        self._sender = sender
        self._on_left = on_left
        self._full = full
        self._may_speak = may_speak
        self._told: set[tuple[int, Said]] = set()
        self._fresh = True  # nothing has been sent on this connection yet
        self._paused_at = 0.0
        self.active_at = asyncio.get_running_loop().time()

    @property
    def seat(self) -> VocalChannel | None:
        return self.link.seat

    @property
    def current(self) -> Playback | None:
        return self._speaker.current

    @property
    def sounding(self) -> bool:
        """Whether something is being said over a connection that carries it."""
        connection = self.link.connection
        return (
            self.current is not None
            and self.link.state is LinkState.CONNECTED
            and connection is not None
            and connection.usable
            and encryption_of(connection) is not Encryption.PENDING
        )

    @property
    def accepted(self) -> list[Playback]:
        """What sounds and what waits, in the order in which it is said."""
        return ([self.current] if self.current else []) + self.line.listed()

    @property
    def backlog(self) -> int:
        """Utterances that are waiting or sounding."""
        return len(self.line) + (self.current is not None)

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

        def before(here: VocalChannel | None) -> None:
            if not self.link.engaged and self._full():
                raise UserError(reasons.FULL)
            if here and here.id != channel.id and not over_others:
                require_free(here, self.accepted, asked_by, reading=self.reading)
            self._announcing.where = asked_in or self._announcing.where
            self.active_at = asyncio.get_running_loop().time()

        await self.link.join(channel, before)

    async def leave(self, reason: Said = reasons.LEFT) -> None:
        """Be nowhere; what was waiting to be said is given up and its authors are told."""
        self.drop(reason)
        await self.link.leave(reason)

    async def stop(self, reason: Said) -> None:
        """Leave by the bot's own decision, and say why where it was called."""
        self.announce(reason)
        await self.leave(reason)

    def _arrived(self) -> None:
        self._fresh = True
        self.members_changed()
        self.play()

    def _gone(self, reason: Said) -> None:
        self.drop(reason)
        self.source.paused = False
        self.reading = self.returns = False
        self._told.clear()
        self._on_left(self.guild_id, reason)

    def speak(
        self,
        utterance: Speakable,
        *,
        author_id: int = 0,
        label: str = "",
        require_heard: Callable[[], None] = lambda: None,
    ) -> Playback:
        """Say `utterance` when its turn comes. Raises `UserError` when that will not be.

        `author_id` is whose words they are: everybody's own stay in order, and many authors take
        turns. `label` is what `/queue` shows; `require_heard` is asked again until the end.
        """
        refusal: Said | None = None
        if self.link.state in (LinkState.IDLE, LinkState.LEAVING):
            refusal = reasons.NOWHERE
        elif self.audience.silenced:
            refusal = Joined((Sentence("I could not say that."), self.audience.silenced))
        elif self.backlog >= self.limits.max_utterances and not self._make_room(author_id):
            refusal = Sentence.counted(
                "{count} message is already waiting here. Please wait a moment.",
                "{count} messages are already waiting here. Please wait a moment.",
                self.backlog,
            )
        try:
            if refusal:
                raise UserError(refusal)
            require_heard()
        except UserError:
            utterance.cancel()
            raise
        playback = Playback(
            utterance,
            author_id=author_id,
            label=label,
            on_cancel=self._take_out,
            require_heard=require_heard,
        )
        self.active_at = playback.asked_at
        utterance.due(Priority.IN_LINE if self.backlog else Priority.FIRST_SOUND)
        self.line.add(playback)
        self._speaker.go_on()
        return playback

    def _make_room(self, author_id: int) -> bool:
        spare = self.line.spare(author_id)
        if spare is not None:
            spare.cancel(
                Sentence("Others want to be heard as well, so I left out your last message.")
            )
        return spare is not None

    def drop(self, reason: Said) -> None:
        """Fall silent now and tell everybody whose words are lost."""
        self.stop_speaking(None, reason)

    def stop_speaking(self, author_id: int | None, reason: Said = _STOPPED, *, by: int = 0) -> int:
        """Cancel everything of one author, or of everybody; returns how much that was.

        `by` is who wants that, if somebody does.
        """
        # The waiting ones first, so that none of them begins meanwhile.
        stopped = [p for p in reversed(self.accepted) if author_id in (None, p.author_id)]
        for playback in stopped:
            playback.cancel(reason, by=by)
        return len(stopped)

    def check(self) -> None:
        """Fall silent with what somebody who is there now may not hear."""
        for playback in reversed(self.accepted):
            playback.check()

    def is_new(self, user_id: int, sentence: Said) -> bool:
        """Whether a member has not been told something since the bot came; it is noted."""
        told = (user_id, sentence)
        new = told not in self._told
        self._told.add(told)
        return new

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
        """See to it that packets are sent, if there is a connection and something to play."""
        connection = self.link.connection
        if connection is None or not connection.usable or not self.source.pending:
            return
        self.active_at = asyncio.get_running_loop().time()
        if connection.is_playing():
            return
        self.source.lead_in(self.limits.first_lead_in_ms if self._fresh else self.limits.lead_in_ms)
        self._fresh = False
        connection.begin(self._sender, self.source, self._transmission_ended)

    def _transmission_ended(self, error: Exception | None) -> None:
        if error:
            log.error("the sender failed", exc_info=error, extra={"guild": self.guild_id})
        self.play()  # something may have been queued while the source was ending

    def _may_sound(self) -> bool:
        return self._may_speak() and self.audience.hears(self.link.connection)

    def members_changed(self, channel: VocalChannel | None = None) -> None:
        """Look again at who hears the bot and what they may; `channel` is its own, if known."""
        self.check()
        before = self.audience.silenced
        self.audience.update(channel or self.link.channel)
        silenced = self.audience.silenced
        if silenced and not before and self.backlog:
            self.announce(silenced)

    def announce(self, sentence: Said) -> None:
        """Say something in the channel where the bot was called, in the server's language."""
        self._announcing.announce(sentence)

    async def close(self) -> None:
        """Leave, and leave nothing behind."""
        await asyncio.gather(self._tasks.cancel(), self.leave())
