"""discord.py's voice websocket, with its heartbeats on the event loop.

discord.py begins a thread for each connection, which wakes up every 5 s to have the loop send one:
with hundreds of connections that is as much work as what is said over them.
"""

import asyncio
import logging
import time
from typing import Any

import aiohttp
from discord.gateway import DiscordVoiceWebSocket, VoiceKeepAliveHandler

from bot.base.tasks import TaskSet

log = logging.getLogger(__name__)

#: Of the interval that Discord asks for: what comes later may end the connection.
_SHARE = 0.75
#: discord.py gives up a voice server of which it hears nothing for 30 s: one answer may be lost.
_EVERY_MAX_S = 10.0
#: What ends the connection when a server does not answer any more, as discord.py has it.
_SILENT = 4000


class Heartbeats(VoiceKeepAliveHandler):
    """What Discord needs to hear regularly, from `start` to `stop`. Its thread is never begun."""

    interval: float

    def __init__(self, ws: DiscordVoiceWebSocket, interval_s: float) -> None:
        super().__init__(ws=ws, interval=min(_SHARE * interval_s, _EVERY_MAX_S))
        self._tasks = TaskSet()
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._next = self.ws.loop.call_later(self.interval, self._beat)

    def stop(self) -> None:
        if self._next is not None:
            self._next.cancel()

    def _beat(self) -> None:
        if time.perf_counter() - self._last_recv > self.heartbeat_timeout:
            log.warning("a voice server has stopped answering")
            self._tasks.spawn(self.ws.close(_SILENT), name="voice server given up")
            return
        self.start()
        if not self._tasks:
            self._tasks.spawn(self._send(), name="voice heartbeat")

    async def _send(self) -> None:
        try:
            await self.ws.send_heartbeat(self.get_payload())
        except (OSError, aiohttp.ClientError) as error:  # who reads it sees that it has ended
            log.debug("no heartbeat", extra={"reason": str(error)})
            self.stop()
        else:
            self._last_send = time.perf_counter()


class VoiceWebSocket(DiscordVoiceWebSocket):
    """One connection to a voice server."""

    async def received_message(self, msg: dict[str, Any]) -> None:
        if msg["op"] != self.HELLO:
            await super().received_message(msg)
            return
        self.seq_ack = msg.get("seq", self.seq_ack)
        if self._keep_alive is not None:
            self._keep_alive.stop()
        self._keep_alive = Heartbeats(self, msg["d"]["heartbeat_interval"] / 1000)
        self._keep_alive.start()
        await self._hook(self, msg)
