"""discord.py's voice client, with an end that is told: why, and whether somebody ended it.

discord.py is asked not to reconnect by itself: it would retry for ever where Discord has said no
(4017), and what it retries cannot be stopped from outside. It still follows moves and migrations.
"""

import asyncio
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import discord
from discord.voice_state import ConnectionFlowState, VoiceConnectionState

if TYPE_CHECKING:
    from discord.types.voice import GuildVoiceState

#: Name that discord.py gives the task that reads the voice websocket.
_READER = "Voice websocket poller"

#: Close codes after which a new connection would end the same way, or is not wanted: refused
#: credentials or protocol, no end-to-end encryption, rate limited, call terminated. 4014 is not
#: among them: a kick and a deleted channel are told by the gateway as well, and what remains is
#: that the gateway's session was lost.
FINAL_CODES = frozenset({4004, 4012, 4016, 4017, 4020, 4021, 4022})


class _ConnectionState(VoiceConnectionState):
    """discord.py's, which hangs where Discord answers before the loop comes round again.

    Its own wait looks at the state, and begins to listen for changes in the loop's next turn. On a
    busy loop, or beside a near server, the change has come by then.
    """

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
    """`on_end` is called once when the connection is over, whoever ended it."""

    def __init__(
        self,
        client: discord.Client,
        channel: discord.abc.Connectable,
        *,
        on_end: Callable[["Connection"], None],
    ) -> None:
        super().__init__(client, channel)
        self._on_end = on_end
        self.ended = False
        #: Discord said that the bot is in no channel any more: kicked, or the channel is gone.
        self.removed = False
        #: With which code the voice server closed the connection, if that was what ended it.
        self.close_code: int | None = None

    def create_connection_state(self) -> VoiceConnectionState:
        """Called by discord.py when it begins."""
        return _ConnectionState(self)

    @property
    def usable(self) -> bool:
        """Whether packets sent now would arrive. For any thread."""
        # discord.py counts as connected while it waits to be sent elsewhere after a close.
        return not self.ended and self.is_connected() and self.ws.ws.close_code is None

    async def on_voice_state_update(self, data: "GuildVoiceState", /) -> None:
        """Note a removal before discord.py acts on it."""
        if data["channel_id"] is None:
            # Not what discord.py asked for itself after a failure, nor the end of an earlier
            # session. It keeps the former to itself.
            asked = self._connection._expecting_disconnect  # noqa: SLF001 - see above
            self.removed |= not asked and data["session_id"] == self.session_id
        await super().on_voice_state_update(data)

    def cleanup(self) -> None:
        """Called by discord.py when it has let go."""
        if self.guild.voice_client is self:  # a newer connection stays registered
            super().cleanup()
        task = asyncio.current_task()
        if task and task.get_name() == _READER:
            # It goes on to raise the close that brought it here, which nobody awaits.
            task.add_done_callback(lambda t: t.cancelled() or t.exception())
        if not self.ended:
            self.ended = True
            self.close_code = _close_being_handled()
            self._on_end(self)


def _close_being_handled() -> int | None:
    # discord.py lets go of a connection while it handles the close, and keeps its code nowhere.
    error = sys.exc_info()[1]
    while error is not None and not isinstance(error, discord.ConnectionClosed):
        error = error.__context__
    return error.code if error else None
