"""The voice servers: the bot's connections to them, and what it sends over them."""

import asyncio
import json
import secrets
from collections import Counter
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from bot.loopback.failures import Failures
from bot.loopback.messages import Json
from bot.loopback.outbox import Close, Outbox
from bot.loopback.rtp import BadPacket, ssrc_of
from bot.loopback.udp import UdpSocket
from bot.loopback.voice_connection import HELLO, VoiceConnection, VoiceOp
from bot.loopback.world import GuildRecord, MemberRecord, StageChannel, VoiceChannel, World

#: How long a voice server keeps the connection of a bot that was given another one. The news comes
#: by another way than the close, hardly ever at the same moment.
_CLOSED_LATER_S = 0.02


@dataclass(frozen=True)
class Credentials:
    """What VOICE_SERVER_UPDATE gives the bot for one guild."""

    channel: VoiceChannel
    session_id: str
    token: str
    endpoint: str


class VoiceServers:
    """All voice servers, behind one UDP socket.

    By guild, `asked` counts the bot's voice state updates (op 4) and `refused` the connections that
    a fault turned away.
    """

    def __init__(self, world: World, failures: Failures) -> None:
        self.asked: Counter[int] = Counter()
        self.refused: Counter[int] = Counter()
        self._world = world
        self._failures = failures
        self._credentials: dict[int, Credentials] = {}  # by guild
        self._connections: dict[int, VoiceConnection] = {}  # by SSRC
        self._next_ssrc = 1
        self._servers = 0
        self._udp = UdpSocket(asyncio.get_running_loop(), self._received)

    @property
    def udp_port(self) -> int:
        return self._udp.port

    def close(self) -> None:
        for connection in self._connections.values():
            connection.stop()
        self._udp.close()

    async def bot_asks(self, guild: GuildRecord, session_id: str, data: Json) -> None:
        """Op 4: join, move, leave, or change mute and deaf. What is not allowed has no answer."""
        self.asked[guild.id] += 1
        if data["channel_id"] is None:
            self._world.place(guild.bot, None)
            return
        channel = guild.channels.get(int(data["channel_id"]))
        if not isinstance(channel, VoiceChannel) or not channel.admits(guild.bot):
            return
        if guild.bot.voice_channel is channel:
            self._announce_server(guild)
        how = {name: bool(data[name]) for name in ("self_mute", "self_deaf")}
        self._world.place(guild.bot, channel, session_id, **how)

    def moved(
        self, member: MemberRecord, left: VoiceChannel | None, came: VoiceChannel | None
    ) -> None:
        """Follow a member from channel to channel: for the bot, with a server to connect to."""
        if came is left:
            return
        if member is member.guild.bot:
            self._bot_moved(member.guild, came)
            return
        for connection in self._connections.values():
            if connection.channel is came:
                connection.member_came(member)
            elif connection.channel is left:
                connection.member_left(member)

    def _bot_moved(self, guild: GuildRecord, came: VoiceChannel | None) -> None:
        old = self._connection(guild)
        if came:
            self._assign(came)
            self._announce_server(guild)
            if old:
                self._close_replaced(old)
        else:
            self._credentials.pop(guild.id, None)
            if old:
                old.close(4014)

    def migrate(self, channel: VoiceChannel) -> None:
        """Fault: the bot is told of another voice server, and the old one closes its connection."""
        old = self.connection_in(channel)
        credentials = self._credentials[channel.guild.id]
        data = {"guild_id": str(channel.guild.id), "token": credentials.token, "endpoint": None}
        self._world.publish("VOICE_SERVER_UPDATE", data)
        self._assign(channel)
        self._announce_server(channel.guild)
        self._close_replaced(old)

    def connection_in(self, channel: VoiceChannel) -> VoiceConnection:
        """The bot's connection in `channel`. Raises `LookupError` when there is none."""
        for connection in self._connections.values():
            if connection.channel is channel:
                return connection
        raise LookupError(f"the bot is not connected to {channel.name}")

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse(timeout=2.0, max_msg_size=0)
        await websocket.prepare(request)
        greeting = Outbox()
        greeting.put(HELLO)
        sending = self._failures.spawn(greeting.send_to(websocket), "voice greeting")
        connection: VoiceConnection | None = None
        try:
            async for message in websocket:
                if connection is None:
                    begun = self._begin(message)
                    if begun is None:
                        continue
                    if isinstance(begun, Close):
                        greeting.put(begun)
                        continue
                    connection = begun
                    sending.cancel()
                    outbox = connection.outbox
                    sending = self._failures.spawn(outbox.send_to(websocket), "voice messages")
                elif message.type is aiohttp.WSMsgType.BINARY:
                    connection.received_binary(message.data)
                elif message.type is aiohttp.WSMsgType.TEXT:
                    payload = json.loads(message.data)
                    connection.received_json(payload["op"], payload["d"])
        finally:
            sending.cancel()
        return websocket

    def _begin(self, message: aiohttp.WSMessage) -> VoiceConnection | Close | None:
        """The connection that an identify or resume begins, or why there is none."""
        if message.type is not aiohttp.WSMsgType.TEXT:
            return Close(4003, "not authenticated")
        payload = json.loads(message.data)
        op, data = payload["op"], payload["d"]
        if op == VoiceOp.HEARTBEAT:
            return None
        if op not in (VoiceOp.IDENTIFY, VoiceOp.RESUME):
            return Close(4003, "not authenticated")
        guild = self._world.guilds.get(int(data["server_id"]))
        if guild is None:
            return Close(4006, "session is no longer valid")
        if refusal := guild.voice_faults.refusal:
            self.refused[guild.id] += 1
            return Close(refusal)
        credentials = self._credentials.get(guild.id)
        if credentials is None or data["session_id"] != credentials.session_id:
            return Close(4006, "session is no longer valid")
        if data["token"] != credentials.token:
            return Close(4004, "authentication failed")
        channel = credentials.channel
        before = self._connection(guild)
        if op == VoiceOp.RESUME:
            if before is None or before.session_id != data["session_id"]:
                return Close(4006, "session is no longer valid")
            before.resume()
            return before
        encrypted = not isinstance(channel, StageChannel)
        version = guild.voice_faults.dave_version if encrypted else 0
        if version > data.get("max_dave_protocol_version", 0):
            return Close(4017, "end-to-end encryption is required")
        if before:
            self._forget(before)
        connection = self._connections[self._next_ssrc] = VoiceConnection(
            channel,
            credentials.session_id,
            self._next_ssrc,
            dave_version=version,
            failures=self._failures,
            send_packet=self._udp.send,
            on_close=self._forget,
        )
        self._next_ssrc += 1
        connection.greet(self.udp_port)
        return connection

    def _connection(self, guild: GuildRecord) -> VoiceConnection | None:
        return next((c for c in self._connections.values() if c.channel.guild is guild), None)

    def _forget(self, connection: VoiceConnection) -> None:
        """The connection is over: its packets are no longer taken."""
        connection.stop()
        self._connections.pop(connection.ssrc, None)

    def _close_replaced(self, connection: VoiceConnection) -> None:
        self._forget(connection)

        async def later() -> None:
            await asyncio.sleep(_CLOSED_LATER_S)
            connection.outbox.put(Close(4014))

        self._failures.spawn(later(), "voice close")

    def _assign(self, channel: VoiceChannel) -> None:
        self._servers += 1
        state = channel.guild.voice_states[channel.guild.bot.id]
        endpoint = f"loopback{self._servers}.discord.media:443"
        self._credentials[channel.guild.id] = Credentials(
            channel, state.session_id, secrets.token_hex(8), endpoint
        )

    def _announce_server(self, guild: GuildRecord) -> None:
        credentials, faults = self._credentials[guild.id], guild.voice_faults
        data = {
            "guild_id": str(guild.id),
            "token": credentials.token,
            "endpoint": None if faults.server_missing else credentials.endpoint,
        }

        async def later() -> None:
            await asyncio.sleep(faults.server_delay_s)
            self._world.publish("VOICE_SERVER_UPDATE", data)

        if faults.server_delay_s:
            self._failures.spawn(later(), "voice server update")
        else:
            self._world.publish("VOICE_SERVER_UPDATE", data)

    def _received(self, datagram: bytes, arrived_s: float) -> None:
        try:
            connection = self._connections.get(ssrc_of(datagram))
        except BadPacket as error:
            self._failures.add(error)
            return
        if connection is None:
            return
        guild = connection.channel.guild
        if guild.voice_faults.loses_packet():
            return
        state = guild.voice_states.get(guild.bot.id)
        if state is None or state.mute or state.suppress:
            connection.channel.recording.drop(arrived_s, "the bot may not speak here")
            return
        connection.received_packet(datagram, arrived_s)
