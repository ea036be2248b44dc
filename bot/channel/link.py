"""Where the bot is in one server: how it joins, moves, recovers and leaves.

Knows nothing of what is said. Everything runs on the event loop.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from enum import Enum

import discord

from bot.base.errors import UserError
from bot.catalogue import Said
from bot.channel import reasons
from bot.channel.admission import VocalChannel, require_admission
from bot.channel.connection import FINAL_CODES, Connection, connect, disconnect, move

log = logging.getLogger(__name__)

#: Pauses before the attempts to be back in a channel.
_RECOVERY_PAUSES_S = (0.0, 0.5, 1.0, 2.0, 4.0)


class LinkState(Enum):
    """What a link is doing. While it is connected, discord.py may still be following a move."""

    IDLE = "idle"
    CONNECTING = "connecting"
    MOVING = "moving"
    RECOVERING = "recovering"
    LEAVING = "leaving"
    CONNECTED = "connected"


class Link:
    """One connection at a time, and never stuck on the way to it.

    `on_arrived` is called with every new connection, `on_gone` with the reason when the bot is in
    no channel any more, `announce` with a reason that members have to be told because nobody asked
    for it. `spawn` runs a task that ends with the session at the latest.
    """

    def __init__(
        self,
        guild_id: int,
        find_guild: Callable[[int], discord.Guild | None],
        connect_timeout_s: float,
        *,
        on_arrived: Callable[[], None],
        on_gone: Callable[[Said], None],
        announce: Callable[[Said], None],
        spawn: Callable[[Coroutine[None, None, None]], asyncio.Task[None]],
    ) -> None:
        self.state = LinkState.IDLE
        self.connection: Connection | None = None
        self._guild_id = guild_id
        self._find_guild = find_guild
        self._connect_timeout_s = connect_timeout_s
        self._on_arrived = on_arrived
        self._on_gone = on_gone
        self._announce = announce
        self._spawn = spawn
        self._lock = asyncio.Lock()
        self._bound_for = 0  # the channel that is being joined or recovered
        self._recovering: asyncio.Task[None] | None = None

    @property
    def guild(self) -> discord.Guild | None:
        """The server as discord.py knows it now: a new gateway session brings a new object."""
        return self._find_guild(self._guild_id)

    @property
    def channel(self) -> VocalChannel | None:
        """Where the bot is, or None."""
        if self.state is not LinkState.CONNECTED or self.connection is None:
            return None
        return self._vocal(self.connection.channel.id)

    @property
    def engaged(self) -> bool:
        """Whether the bot is in a channel of this server, or on its way into one."""
        return self.state not in (LinkState.IDLE, LinkState.LEAVING)

    @property
    def seat(self) -> VocalChannel | None:
        """Where the bot is or is about to be: a member who means the bot there is not refused."""
        return self.channel or self._vocal(self._bound_for)

    def _vocal(self, channel_id: int) -> VocalChannel | None:
        guild = self.guild
        channel = guild.get_channel(channel_id) if guild else None
        return channel if isinstance(channel, VocalChannel) else None

    async def join(
        self, channel: VocalChannel, before: Callable[[VocalChannel | None], None]
    ) -> None:
        """Be in `channel`. Raises `UserError` with what is missing where that cannot be.

        `before` is called with where the bot is when its turn has come, and may raise.
        """
        async with self._lock:
            before(self.channel)
            connection = self.connection
            if connection and connection.usable and connection.channel.id == channel.id:
                return
            require_admission(channel)
            log.info("joining", extra={"guild": self._guild_id, "channel": channel.id})
            self._bound_for = channel.id
            try:
                moved = False
                if connection and connection.usable:
                    self.state = LinkState.MOVING
                    moved = await move(connection, channel, self._connect_timeout_s)
                if not moved:
                    self.state = LinkState.CONNECTING
                    await self._connect(channel)
            except BaseException as error:
                self._become_idle(
                    error.sentence if isinstance(error, UserError) else reasons.BROKEN
                )
                raise
            self._arrived()

    async def leave(self, reason: Said) -> None:
        # Before the lock, which a recovery would hold until it is back.
        self.state, self._bound_for = LinkState.LEAVING, 0
        self._stop_recovering()
        try:
            async with self._lock:
                self.state = LinkState.LEAVING
                await self._disconnect()
        finally:
            self._become_idle(reason)

    def recover(self) -> None:
        """Begin a new connection to the same channel."""
        connection = self.connection
        if self.state is LinkState.CONNECTED and connection:
            self.state, self._bound_for = LinkState.RECOVERING, connection.channel.id
            self._recovering = self._spawn(self._recover(connection.channel.id))

    def _stop_recovering(self) -> None:
        if self._recovering:
            self._recovering.cancel()
            self._recovering = None

    async def _recover(self, channel_id: int) -> None:
        async with self._lock:
            if self.state is not LinkState.RECOVERING:
                return
            reason: Said = reasons.BROKEN
            for pause_s in _RECOVERY_PAUSES_S:
                await asyncio.sleep(pause_s)
                channel = self._vocal(channel_id)
                if channel is None:
                    reason = reasons.DELETED
                    break
                try:
                    require_admission(channel)
                    await self._connect(channel)
                except Exception as error:  # whatever it is, nothing else would end the recovery
                    if self.state is not LinkState.RECOVERING:
                        return  # `leave` cancelled this, and discord.py kept that to itself
                    reason = error.sentence if isinstance(error, UserError) else reasons.BROKEN
                    log.warning("not back yet", exc_info=error, extra={"guild": self._guild_id})
                    if reason == reasons.NO_ENCRYPTION:
                        break
                else:
                    if self.state is LinkState.RECOVERING:
                        self._arrived()
                    return
            self._become_idle(reason)
        self._announce(reason)

    async def _connect(self, channel: VocalChannel) -> None:
        await self._disconnect()
        self.connection = await connect(channel, self._connect_timeout_s, self._ended)

    async def _disconnect(self) -> None:
        # The end of a connection that is left on purpose is no news.
        self.connection = None
        if guild := self.guild:
            await disconnect(guild)

    def _arrived(self) -> None:
        self.state, self._bound_for = LinkState.CONNECTED, 0
        self._on_arrived()

    def _become_idle(self, reason: Said) -> None:
        self.state, self._bound_for = LinkState.IDLE, 0
        self.connection = None
        self._on_gone(reason)

    def _ended(self, connection: Connection) -> None:
        """The connection is over, and discord.py has released it."""
        removed = connection.removed
        sent_away = removed and self.state in (LinkState.CONNECTED, LinkState.RECOVERING)
        recovering = sent_away and self.state is LinkState.RECOVERING
        if connection is not self.connection and not recovering:
            return
        code = connection.close_code
        log.info("voice ended", extra={"guild": self._guild_id, "code": code, "removed": removed})
        if sent_away:
            self._stop_recovering()
            there = self.guild and self.guild.get_channel(connection.channel.id)
            self._become_idle(reasons.KICKED if there else reasons.DELETED)
        elif self.state is not LinkState.CONNECTED:
            return  # what is at work on the connection finds out
        elif code in FINAL_CODES:
            reason = reasons.of_code(code)
            self._become_idle(reason)
            self._announce(reason)
        else:
            self.recover()
