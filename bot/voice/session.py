"""One server's voice connection, and the line of utterances that are spoken in it.

Owned by the bot, not by a cog, so that a reloaded cog does not cut anybody off. Everything runs on
the event loop; only `OpusQueueSource.read` is called from discord.py's player thread.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import discord

from bot.audio.clip import Clip
from bot.errors import UserError
from bot.voice.encryption import Encryption, encryption_of, settled
from bot.voice.source import OpusQueueSource

log = logging.getLogger(__name__)

VocalChannel = discord.VoiceChannel | discord.StageChannel

_KICKED = "I was taken out of the voice channel, so I stopped speaking."
_UNENCRYPTED = (
    "Discord did not set up end-to-end encryption with me in time, so I said nothing. "
    "Please try again."
)


@dataclass(frozen=True, slots=True)
class VoiceLimits:
    """The settings a session needs; see `.env.example`."""

    connect_timeout_s: float
    encryption_timeout_s: float
    lead_in_ms: int
    first_lead_in_ms: int
    max_utterances: int


class Speakable(Protocol):
    """What can be played: clips that arrive in order, prepared ahead while earlier ones sound."""

    def clips(self) -> AsyncGenerator[Clip, None]:
        """The clips. Iterated once; raises a `SpeechError` where one cannot be made."""

    def cancel(self) -> None:
        """Give up whatever is still being prepared. Harmless when there is nothing."""


class Playback:
    """One utterance on its way through a session.

    `started` is done when its first packet is handed to the connection, `finished` when its last
    one is. Both fail with the reason when the utterance is not, or not wholly, spoken.
    """

    def __init__(
        self,
        utterance: Speakable,
        loop: asyncio.AbstractEventLoop,
        *,
        author_id: int = 0,
        label: str = "",
        cancelled: Callable[["Playback"], None] = lambda _: None,
    ) -> None:
        self.utterance = utterance
        self.author_id = author_id
        self.label = label
        self._cancelled = cancelled
        self.started: asyncio.Future[None] = loop.create_future()
        self.finished: asyncio.Future[None] = loop.create_future()
        for future in (self.started, self.finished):
            # A caller that went away must not leave "exception was never retrieved" behind: every
            # failure is logged where it arises.
            future.add_done_callback(lambda f: f.cancelled() or f.exception())

    def begin(self) -> None:
        """Mark the first packet as sent."""
        if not self.started.done():
            self.started.set_result(None)

    def complete(self) -> None:
        """Mark the last packet as sent."""
        if not self.finished.done():
            self.finished.set_result(None)

    def cancel(self) -> None:
        """Do not say it, or stop saying it: both futures fail with a `UserError`."""
        if not self.finished.done():
            self.fail(UserError("That was taken back."))
            self._cancelled(self)

    def fail(self, error: Exception) -> None:
        """End with `error` and stop preparing the rest."""
        self.utterance.cancel()
        for future in (self.started, self.finished):
            if not future.done():
                future.set_exception(error)


class VoiceSession:
    """Joins, speaks and leaves in one server. One thing at a time, in the order it was asked."""

    def __init__(self, guild: discord.Guild, limits: VoiceLimits) -> None:
        self._guild = guild
        self._limits = limits
        self._connecting = asyncio.Lock()
        self._waiting: deque[Playback] = deque()
        self._current: Playback | None = None
        self._speaker: asyncio.Task[None] | None = None
        self._source = OpusQueueSource(self._may_sound)
        self._alone = False
        self._fresh = True  # nothing has been sent on this connection yet

    @property
    def client(self) -> discord.VoiceClient | None:
        """The connection, as discord.py knows it: after a kick there is none."""
        client = self._guild.voice_client
        return client if isinstance(client, discord.VoiceClient) else None

    @property
    def channel(self) -> VocalChannel | None:
        """Where the bot is, or None."""
        client = self.client
        return client.channel if client and client.is_connected() else None

    @property
    def backlog(self) -> int:
        """Utterances that are waiting or sounding."""
        return len(self._waiting) + (self._current is not None)

    async def join(self, channel: VocalChannel) -> None:
        """Be in `channel`. Raises `UserError` with what is missing where that cannot be."""
        async with self._connecting:
            client = self.client
            if client and client.is_connected() and client.channel.id == channel.id:
                return
            require_admission(channel)
            log.info("joining", extra={"guild": self._guild.id, "channel": channel.id})
            try:
                if client and client.is_connected():
                    await client.move_to(channel, timeout=self._limits.connect_timeout_s)
                else:
                    if client:
                        await client.disconnect(force=True)
                    await channel.connect(
                        timeout=self._limits.connect_timeout_s, self_deaf=True, reconnect=True
                    )
            except TimeoutError:
                raise UserError(
                    f"I could not get into {channel.mention}: Discord did not answer in time."
                ) from None
            except discord.ClientException as error:
                log.warning("join failed", exc_info=error, extra={"guild": self._guild.id})
                raise UserError(f"I could not get into {channel.mention}. Try again.") from error
            self._fresh = True
            self.members_changed()

    async def leave(self) -> None:
        """Be nowhere; what was waiting to be said is given up and its authors are told."""
        self.drop("I left the voice channel, so I stopped speaking.")
        async with self._connecting:
            if client := self.client:
                await client.disconnect(force=True)

    def speak(self, utterance: Speakable, *, author_id: int = 0, label: str = "") -> Playback:
        """Say `utterance` after what is already waiting. Raises `UserError` when too much is.

        `author_id` is whose words they are: everybody's own stay in order, and many authors take
        turns. `label` is what `/queue` shows.
        """
        playback = Playback(
            utterance,
            asyncio.get_running_loop(),
            author_id=author_id,
            label=label,
            cancelled=self._cancelled,
        )
        if self.backlog >= self._limits.max_utterances:
            utterance.cancel()
            raise UserError(
                f"There are already {self.backlog} things waiting to be said here. "
                "Please wait a moment."
            )
        self._waiting.append(playback)
        if self._speaker is None or self._speaker.done():
            self._speaker = asyncio.create_task(self._speak_waiting(), name="voice session")
        return playback

    def _cancelled(self, playback: Playback) -> None:
        if playback in self._waiting:
            self._waiting.remove(playback)
        elif playback is self._current:
            self._source.clear()

    def drop(self, reason: str) -> None:
        """Fall silent now and tell everybody whose words are lost."""
        self._source.clear()
        if self._speaker and self._speaker is not asyncio.current_task():
            self._speaker.cancel()
            self._speaker = None
        dropped = [self._current] if self._current else []
        dropped += self._waiting
        self._waiting.clear()
        self._current = None
        for playback in dropped:
            playback.fail(UserError(reason))

    def disconnected(self) -> None:
        """Discord says that the bot is in no voice channel of this server any more."""
        self.drop(_KICKED)

    def members_changed(self) -> None:
        """Look again at who can hear the bot."""
        client = self.client
        self._alone = client is None or all(member.bot for member in client.channel.members)

    async def _speak_waiting(self) -> None:
        while self._waiting:
            self._current = playback = self._waiting.popleft()
            try:
                await self._speak(playback)
            except Exception as error:
                # Whoever asked is told through the playback; the line goes on with the next.
                log.warning("not spoken", extra={"guild": self._guild.id, "reason": str(error)})
                playback.fail(error)
            finally:
                if self._current is playback:
                    self._current = None

    async def _speak(self, playback: Playback) -> None:
        spoken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def last_packet_sent() -> None:
            if not spoken.done():
                spoken.set_result(None)

        failure: Exception | None = None
        first = True
        try:
            async with aclosing(playback.utterance.clips()) as clips:
                async for clip in clips:
                    if first:
                        await self._require_connection()
                    self._source.put(clip.packets, first=_soon(playback.begin) if first else None)
                    first = False
                    self._play()
        except Exception as error:  # said below, after what is already queued
            failure = error
        if not first:
            self._source.end(_soon(last_packet_sent))
            self._play()
            await spoken
        if failure:
            raise failure
        playback.complete()

    async def _require_connection(self) -> discord.VoiceClient:
        async with self._connecting:
            client = self.client
        if client is None or not client.is_connected():
            raise UserError("I am not in a voice channel any more.")
        if not await settled(client, lambda: self._alone, self._limits.encryption_timeout_s):
            # Told before leaving: to be out of the channel would look like the reason.
            self.drop(_UNENCRYPTED)
            await client.disconnect(force=True)
            raise UserError(_UNENCRYPTED)
        return client

    def _play(self) -> None:
        client = self.client
        if client and client.is_playing():
            return
        if client is None or not client.is_connected():
            raise UserError("I am not in a voice channel any more.")
        self._source.lead_in(
            self._limits.first_lead_in_ms if self._fresh else self._limits.lead_in_ms
        )
        self._fresh = False
        loop = asyncio.get_running_loop()

        def player_ended(error: Exception | None) -> None:
            loop.call_soon_threadsafe(self._player_ended, error)

        client.play(self._source, after=player_ended)

    def _player_ended(self, error: Exception | None) -> None:
        if error:
            log.error("the player failed", exc_info=error, extra={"guild": self._guild.id})
        if not self._source.pending:
            return
        client = self.client
        if error is None and client and client.is_connected():
            self._play()  # something was queued while the player was ending
        else:
            self.drop("The voice connection broke, so I stopped speaking.")

    def _may_sound(self) -> bool:
        """In the player thread: whether the next packet would be safe to send."""
        client = self.client
        return client is None or self._alone or encryption_of(client) is not Encryption.PENDING


def _soon(callback: Callable[[], None]) -> Callable[[], None]:
    """`callback` on the running loop, to be called from the player thread."""
    loop = asyncio.get_running_loop()

    def called_elsewhere() -> None:
        loop.call_soon_threadsafe(callback)

    return called_elsewhere


def require_admission(channel: VocalChannel) -> None:
    """Raise `UserError`, naming what is missing, where the bot may not come in and speak.

    Discord itself sends no event at all for a channel that is full or forbidden.
    """
    me = channel.guild.me
    permissions = channel.permissions_for(me)
    missing = [
        name
        for name, granted in (
            ("View Channel", permissions.view_channel),
            ("Connect", permissions.connect),
            ("Speak", permissions.speak),
        )
        if not granted
    ]
    if missing:
        raise UserError(
            f"I may not speak in {channel.mention}: I am missing {' and '.join(missing)}."
        )
    full = 0 < channel.user_limit <= len(channel.voice_states)
    if full and me.id not in channel.voice_states and not permissions.move_members:
        raise UserError(f"{channel.mention} is full.")


class VoiceSessions:
    """All sessions of the bot, by server."""

    def __init__(self, limits: VoiceLimits) -> None:
        self._limits = limits
        self._sessions: dict[int, VoiceSession] = {}

    def of(self, guild: discord.Guild) -> VoiceSession:
        """The session of `guild`, made on first use."""
        session = self._sessions.get(guild.id)
        if session is None:
            session = self._sessions[guild.id] = VoiceSession(guild, self._limits)
        return session

    def voice_state_updated(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        """Follow who is where; to be called for every voice state update."""
        session = self._sessions.get(member.guild.id)
        if session is None:
            return
        if member.id == member.guild.me.id and before.channel and not after.channel:
            session.disconnected()
        session.members_changed()

    def forget(self, guild: discord.Guild) -> None:
        """Drop the session of a server that the bot is no longer in."""
        if session := self._sessions.pop(guild.id, None):
            session.disconnected()

    @property
    def speaking(self) -> int:
        """How many servers are being spoken in."""
        return sum(session.backlog > 0 for session in self._sessions.values())

    async def close(self) -> None:
        """Leave everywhere."""
        await asyncio.gather(*(session.leave() for session in self._sessions.values()))
