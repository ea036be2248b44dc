"""discord.py's voice client: how it gets into a channel and out, and how its end is told.

discord.py is asked not to reconnect by itself: it would retry for ever where Discord has said no
(4017), and what it retries cannot be stopped from outside. It still follows moves and migrations.
"""

import asyncio
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
from discord.utils import MISSING
from discord.voice_state import ConnectionFlowState, VoiceConnectionState

from bot.base.errors import UserError
from bot.base.tasks import TaskSet
from bot.catalogue import Sentence
from bot.channel import reasons
from bot.channel.admission import VocalChannel
from bot.channel.discovery import SocketListener
from bot.channel.packets import MODE, PacketWriter
from bot.channel.sender import Sender, Sending, Source
from bot.channel.voice_websocket import VoiceWebSocket

if TYPE_CHECKING:
    from discord.types.voice import GuildVoiceState

log = logging.getLogger(__name__)

#: Name that discord.py gives the task that reads the voice websocket.
_READER = "Voice websocket poller"

#: Close codes after which a new connection would end the same way, or is not wanted: refused
#: credentials or protocol, no end-to-end encryption, rate limited, call terminated. 4014 is not
#: among them: a kick and a deleted channel are told by the gateway as well, and what remains is
#: that the gateway's session was lost.
FINAL_CODES = frozenset({4004, 4012, 4016, 4017, 4020, 4021, 4022})

#: Discord confirms in some 100 ms; where nothing is heard of a leaving, it is over as well.
_CONFIRMED_WITHIN_S = 2.0


class _ConnectionState(VoiceConnectionState):
    """discord.py's, without its threads, and with another way to wait."""

    @property
    def _socket_reader(self) -> Any:  # a `SocketListener`
        return self._listener

    @_socket_reader.setter
    def _socket_reader(self, _never_started: object) -> None:
        self._listener = SocketListener(lambda: self.socket)

    async def _connect_websocket(self, resume: bool) -> VoiceWebSocket:
        seq_ack = -1 if self.ws is MISSING else self.ws.seq_ack
        websocket = await VoiceWebSocket.from_connection_state(
            self, resume=resume, hook=self.hook, seq_ack=seq_ack
        )
        self.state = ConnectionFlowState.websocket_connected
        return websocket

    # discord.py's own hangs where Discord answers before the loop comes round again: it looks at
    # the state, and begins to listen for changes in the loop's next turn. On a busy loop, or beside
    # a near server, the change has come by then.
    async def _wait_for_state(
        self,
        state: ConnectionFlowState,
        *other_states: ConnectionFlowState,
        timeout: float | None = None,
    ) -> None:
        async with asyncio.timeout(timeout):
            while self.state not in (state, *other_states):
                await self._state_event.wait()


class Connection(discord.VoiceClient):
    """`on_end` is called once when the connection is over, on purpose or not.

    discord.py's `play`, which would begin a thread, is not used: see `begin`.
    """

    supported_modes = (MODE,)  # what `PacketWriter` writes

    def __init__(
        self,
        client: discord.Client,
        channel: discord.abc.Connectable,
        *,
        on_end: Callable[["Connection"], None],
    ) -> None:
        super().__init__(client, channel)
        self._on_end = on_end
        self._writer = PacketWriter(self._connection)
        self._sending: Sending | None = None
        self._announced_on: object = None  # the websocket on which it was said that the bot speaks
        self._flags = TaskSet()
        self.ended = False
        #: Discord said that the bot is in no channel any more: kicked, or the channel is gone.
        self.removed = False
        #: With which code the voice server closed the connection, if that was what ended it.
        self.close_code: int | None = None

    def create_connection_state(self) -> VoiceConnectionState:
        return _ConnectionState(self)

    @property
    def usable(self) -> bool:
        """Whether packets sent now would arrive. For any thread."""
        # discord.py counts as connected while it waits to be sent elsewhere after a close.
        state = self._connection
        return (
            not self.ended
            and state.state is ConnectionFlowState.connected
            and state.ws.ws.close_code is None
        )

    def is_connected(self) -> bool:
        # As discord.py's, in one call for three: it is asked for every packet.
        return self._connection.state is ConnectionFlowState.connected

    def begin(
        self, sender: Sender, source: Source, then: Callable[[Exception | None], None]
    ) -> None:
        """Send what `source` gives, until it or the connection ends.

        `then` is called on the loop at the end, with what went wrong if something did.
        """

        def ended(error: Exception | None) -> None:
            if self._sending is sending:
                self._flag(discord.SpeakingState.none)
            then(error)

        def told(error: Exception | None) -> None:
            with suppress(RuntimeError):  # the loop is closed, and with it all that would be told
                self.loop.call_soon_threadsafe(ended, error)

        sending = self._sending = Sending(self, source, told, name=self.guild.id)
        self._announced_on = None
        sender.add(sending)

    def is_playing(self) -> bool:
        return self._sending is not None and not self._sending.over

    def stop(self) -> None:
        """Send nothing more. discord.py calls this when it disconnects."""
        if self._sending:
            self._sending.stop()

    def send_opus(self, packet: bytes) -> None:
        """Send one packet of Opus, or of silence. Never blocks; for one thread at a time."""
        websocket = self._connection.ws
        if self._announced_on is not websocket and self.is_playing():
            self._announced_on = websocket  # a new voice server does not know yet
            self.loop.call_soon_threadsafe(self._flag, discord.SpeakingState.voice)
        try:
            self._writer.write(packet)
        except OSError as error:
            log.debug("a packet was not taken", extra={"reason": str(error)})

    def _flag(self, state: discord.SpeakingState) -> None:
        self._flags.spawn(self._tell(state), name="speaking flag")

    async def _tell(self, state: discord.SpeakingState) -> None:
        try:
            await self.ws.speak(state)
        except (OSError, aiohttp.ClientError) as error:  # a new connection is told anew
            log.info("not told who speaks", extra={"reason": str(error)})

    async def on_voice_state_update(self, data: "GuildVoiceState", /) -> None:
        """Note a removal before discord.py acts on it."""
        if data["channel_id"] is None:
            # Not what discord.py asked for itself after a failure, nor the end of an earlier
            # session. It keeps the former to itself.
            asked = self._connection._expecting_disconnect  # noqa: SLF001 - see above
            self.removed |= not asked and data["session_id"] == self.session_id
        await super().on_voice_state_update(data)

    def cleanup(self) -> None:
        """Called by discord.py when it has released the connection."""
        if self.guild.voice_client is self:  # a newer connection stays registered
            super().cleanup()
        task = asyncio.current_task()
        if task and task.get_name() == _READER:
            # It goes on to raise the close that brought it here, which nothing awaits.
            task.add_done_callback(lambda t: t.cancelled() or t.exception())
        if not self.ended:
            self.ended = True
            self.close_code = _close_being_handled()
            self._on_end(self)


def _close_being_handled() -> int | None:
    # discord.py releases a connection while it handles the close, and keeps its code nowhere.
    error = sys.exc_info()[1]
    while error is not None and not isinstance(error, discord.ConnectionClosed):
        error = error.__context__
    return error.code if error else None


async def connect(
    channel: VocalChannel, timeout_s: float, on_end: Callable[[Connection], None]
) -> Connection:
    """A new connection to `channel`; there must be none in the server. Raises `UserError`."""
    failed = _failed(channel)
    extra = {"guild": channel.guild.id}
    try:
        connection = await channel.connect(
            timeout=timeout_s,
            self_deaf=True,
            reconnect=False,
            cls=partial(Connection, on_end=on_end),
        )
    except TimeoutError:
        raise UserError(
            "I could not get into {channel}: Discord did not answer in time.",
            channel=channel.mention,
        ) from None
    except discord.ConnectionClosed as error:
        log.warning("refused", extra={**extra, "code": error.code})
        if error.code == reasons.ENCRYPTION_REQUIRED:
            raise UserError(reasons.NO_ENCRYPTION) from None
        raise UserError(failed) from error
    except (discord.ClientException, aiohttp.ClientError, OSError) as error:
        log.warning("join failed", exc_info=error, extra=extra)
        raise UserError(failed) from error
    await _settle(connection, channel)
    return connection


async def move(connection: Connection, channel: VocalChannel, timeout_s: float) -> bool:
    """Take `connection` along to `channel`; false where it takes a new one to get there.

    Raises `UserError` if it was ended meanwhile.
    """
    with suppress(TimeoutError):
        await connection.move_to(channel, timeout=timeout_s)
    if not connection.usable or connection.channel.id != channel.id:
        return False
    await _settle(connection, channel)
    return True


async def _settle(connection: Connection, channel: VocalChannel) -> None:
    if isinstance(channel, discord.StageChannel):
        await _step_up(channel)
    if connection.ended:  # ended on purpose meanwhile: it is not begun anew
        raise UserError(_failed(channel))


def _failed(channel: VocalChannel) -> Sentence:
    return Sentence("I could not get into {channel}. Try again.", channel=channel.mention)


async def _step_up(stage: discord.StageChannel) -> None:
    """Everybody comes to a stage as audience: speak if the bot may decide that, else ask to."""
    me = stage.guild.me
    try:
        try:
            await me.edit(suppress=False)
            await _until(lambda: not (me.voice and me.voice.suppress), _CONFIRMED_WITHIN_S)
        except discord.Forbidden:
            await me.request_to_speak()
    except (discord.HTTPException, discord.ClientException, aiohttp.ClientError) as error:
        # Who asks for something to be said is told that the bot is in the audience.
        log.warning("still in the audience", exc_info=error, extra={"guild": stage.guild.id})


async def disconnect(guild: discord.Guild) -> None:
    """Be in no channel of `guild`, and know that Discord knows it, within a few seconds."""
    if client := guild.voice_client:
        with suppress(TimeoutError):
            async with asyncio.timeout(_CONFIRMED_WITHIN_S):
                await client.disconnect(force=True)
        if (task := asyncio.current_task()) and task.cancelling():
            raise asyncio.CancelledError  # discord.py keeps it to itself
    # Discord's confirmation must not reach the next connection, which it would end.
    await _until(lambda: not (guild.me and guild.me.voice), _CONFIRMED_WITHIN_S)


async def _until(holds: Callable[[], bool], timeout_s: float) -> None:
    """Wait for what the gateway tells, as long as that is worth it."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while not holds() and loop.time() < deadline:  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0.01)
