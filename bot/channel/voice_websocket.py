"""discord.py's voice websocket, with heartbeats from the event loop, as often as Discord asks.

discord.py has a thread for each connection, which wakes every 5 s and has the loop send one: of
hundreds of connections that is as much work as what they say.
"""

import asyncio
import logging
import time
from typing import Any

import aiohttp
from discord.gateway import DiscordVoiceWebSocket, VoiceKeepAliveHandler

log = logging.getLogger(__name__)


class _Heartbeats(VoiceKeepAliveHandler):
    """discord.py's thread, which is never begun: what it does is a task."""

    ws: "VoiceWebSocket"
    _beating: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._beating = asyncio.create_task(self._beat(), name="voice heartbeat")

    def stop(self) -> None:
        # Who closes the websocket because it is silent is this task itself.
        if self._beating is not None and self._beating is not asyncio.current_task():
            self._beating.cancel()

    async def _beat(self) -> None:
        assert self.interval is not None
        while True:
            await asyncio.sleep(self.interval)
            if self._last_recv + self.heartbeat_timeout < time.perf_counter():
                log.warning("a voice server has stopped responding")
                await self.ws.close(4000)
                return
            try:
                await self.ws.send_heartbeat(self.get_payload())
            except (OSError, aiohttp.ClientError) as error:  # who reads it is told as well
                log.debug("no heartbeat was sent", extra={"reason": str(error)})
                return
            self._last_send = time.perf_counter()


class VoiceWebSocket(DiscordVoiceWebSocket):
    """`DiscordVoiceWebSocket.received_message`, but for the message that begins heartbeats."""

    async def received_message(self, msg: dict[str, Any]) -> None:
        if msg["op"] != self.HELLO:
            await super().received_message(msg)
            return
        self.seq_ack = msg.get("seq", self.seq_ack)
        interval_s = msg["d"]["heartbeat_interval"] / 1000
        self._keep_alive = _Heartbeats(ws=self, interval=interval_s)
        self._keep_alive.start()
        await self._hook(self, msg)
