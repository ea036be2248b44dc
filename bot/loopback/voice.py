"""Who is in which voice channel, and the bot's connections to the voice servers.

What members do, what the bot asks for on the gateway (op 4), and what the moderators and Discord
itself do to the bot all end here.
"""

import asyncio
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.loopback.channels import VoiceChannel
from bot.loopback.dave import MAGIC_MARKER, Undecryptable
from bot.loopback.gateway import Intent
from bot.loopback.guilds import VoiceState
from bot.loopback.outbox import Close
from bot.loopback.recording import SILENCE_FRAME
from bot.loopback.rtp import BadPacket, parse
from bot.loopback.udp import UdpSocket
from bot.loopback.voice_connection import VoiceConnection

if TYPE_CHECKING:
    from bot.loopback.guilds import Guild
    from bot.loopback.members import Member
    from bot.loopback.server import LoopbackDiscord

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


class Voice:
    """The voice side of Discord.

    `asked` counts the bot's voice state updates (op 4), `refused` the connections that were turned
    away by a fault.
    """

    def __init__(self, discord: "LoopbackDiscord") -> None:
        self.asked = 0
        self.refused = 0
        self.discord = discord
        self._credentials: dict[int, Credentials] = {}
        self._connections: dict[int, VoiceConnection] = {}  # by SSRC
        self._next_ssrc = 1
        self._servers = 0
        self._udp = UdpSocket(asyncio.get_running_loop(), self._received)

    @property
    def udp_port(self) -> int:
        """Where voice packets go."""
        return self._udp.port

    def send_packet(self, ssrc: int, datagram: bytes) -> None:
        """Send the bot a datagram, unless the fault that withholds them is on."""
        if not self.discord.faults.udp_mute:
            self._udp.send(ssrc, datagram)

    def close(self) -> None:
        """Close the UDP socket and end every group."""
        for connection in self._connections.values():
            connection.stop()
        self._udp.close()

    # What members do

    def set_channel(
        self, member: "Member", channel: VoiceChannel | None, session_id: str, **how: bool
    ) -> None:
        """Put somebody into a channel, or out of voice, and tell everybody."""
        guild = member.guild
        state = guild.voice_states.get(member.id)
        left = state.channel if state else None
        if channel is None:
            if guild.voice_states.pop(member.id, None) is None or state is None:
                return
            data = state.to_json() | {"channel_id": None}
        else:
            suppress = channel.arrives_suppressed(member)
            state = VoiceState(member, channel, session_id, suppress=suppress, **how)
            guild.voice_states[member.id] = state
            data = state.to_json()
        self._dispatch(guild, "VOICE_STATE_UPDATE", data)
        for connection in self._connections.values():
            if connection.channel is channel and channel is not left:
                connection.member_came(member)
            elif connection.channel is left and channel is not left:
                connection.member_left(member)

    # What the bot asks for

    async def bot_asks(self, guild: "Guild", session_id: str, data: dict[str, Any]) -> None:
        """Op 4: join, move, leave, or change mute and deaf. What is not allowed has no answer."""
        self.asked += 1
        how = {"self_mute": bool(data["self_mute"]), "self_deaf": bool(data["self_deaf"])}
        if data["channel_id"] is None:
            self._remove_bot(guild, session_id)
            return
        channel = guild.channels.get(int(data["channel_id"]))
        if not isinstance(channel, VoiceChannel) or not channel.admits(guild.bot):
            return
        if guild.bot.voice_channel is channel:
            self._announce_server(guild, renew=False)
            self.set_channel(guild.bot, channel, session_id, **how)
            return
        old = self._connection(guild)
        self.set_channel(guild.bot, channel, session_id, **how)
        self._assign(channel, session_id)
        self._announce_server(guild, renew=False)
        if old:
            self._close_replaced(old)

    def session_ended(self, session_id: str) -> None:
        """The bot's gateway session is gone, and with it the bot from voice."""
        for guild in self.discord.guilds.values():
            state = guild.voice_states.get(self.discord.bot_user.id)
            if state and state.session_id == session_id:
                self._remove_bot(guild, session_id)

    # What is done to the bot

    async def move_bot(self, guild: "Guild", channel: VoiceChannel) -> None:
        """A moderator drags the bot elsewhere."""
        state = guild.voice_states[guild.bot.id]
        old = self._connection(guild)
        how = {"self_mute": state.self_mute, "self_deaf": state.self_deaf}
        self.set_channel(guild.bot, channel, state.session_id, **how)
        self._assign(channel, state.session_id)
        self._announce_server(guild, renew=False)
        if old:
            self._close_replaced(old)

    async def kick_bot(self, guild: "Guild") -> None:
        """A moderator disconnects the bot."""
        state = guild.voice_states.get(guild.bot.id)
        if state:
            self._remove_bot(guild, state.session_id)

    def channel_deleted(self, channel: VoiceChannel) -> None:
        """Everybody in the channel is disconnected."""
        for member in channel.members:
            if member is channel.guild.bot:
                self._remove_bot(channel.guild, channel.guild.voice_states[member.id].session_id)
            else:
                self.set_channel(member, None, "")

    def migrate(self, channel: VoiceChannel) -> None:
        """The bot is told of another voice server, and the old one closes its connection."""
        old = self.connection_in(channel)
        credentials = self._credentials[channel.guild.id]
        data = {"guild_id": str(channel.guild.id), "token": credentials.token, "endpoint": None}
        self._dispatch(channel.guild, "VOICE_SERVER_UPDATE", data)
        self._announce_server(channel.guild, renew=True)
        self._close_replaced(old)

    # Connections

    def connection_in(self, channel: VoiceChannel) -> VoiceConnection:
        """The bot's connection in `channel`. Raises `LookupError` when there is none."""
        for connection in self._connections.values():
            if connection.channel is channel:
                return connection
        raise LookupError(f"the bot is not connected to {channel.name}")

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One websocket to a voice server."""
        websocket = web.WebSocketResponse(timeout=2.0, max_msg_size=0)
        await websocket.prepare(request)
        await VoiceConnection.serve(self, websocket)
        return websocket

    def credentials(self, guild_id: int) -> Credentials | None:
        """What the bot has to identify with."""
        return self._credentials.get(guild_id)

    def find(self, guild_id: int, session_id: str) -> VoiceConnection | None:
        """The connection that a resuming websocket means."""
        for connection in self._connections.values():
            if connection.channel.guild.id == guild_id and connection.session_id == session_id:
                return connection
        return None

    def register(self, connection: VoiceConnection) -> int:
        """Give a connection its SSRC, in place of the guild's previous one."""
        if previous := self._connection(connection.channel.guild):
            self.forget(previous)
        ssrc = self._next_ssrc
        self._next_ssrc += 1
        self._connections[ssrc] = connection
        return ssrc

    def forget(self, connection: VoiceConnection) -> None:
        """The connection is over: its packets are no longer taken."""
        connection.stop()
        self._connections.pop(connection.ssrc, None)

    def _connection(self, guild: "Guild") -> VoiceConnection | None:
        return next((c for c in self._connections.values() if c.channel.guild is guild), None)

    def _close_replaced(self, connection: VoiceConnection) -> None:
        """End a connection whose bot has been told of another voice server."""
        self.forget(connection)

        async def later() -> None:
            await asyncio.sleep(_CLOSED_LATER_S)
            connection.outbox.put(Close(4014))

        self.discord.failures.spawn(later(), "voice close")

    def _remove_bot(self, guild: "Guild", session_id: str) -> None:
        connection = self._connection(guild)
        self._credentials.pop(guild.id, None)
        self.set_channel(guild.bot, None, session_id)
        if connection:
            connection.close(4014)
            self.forget(connection)

    def _assign(self, channel: VoiceChannel, session_id: str) -> None:
        self._servers += 1
        self._credentials[channel.guild.id] = Credentials(
            channel,
            session_id,
            secrets.token_hex(8),
            f"loopback{self._servers}.discord.media:443",
        )

    def _announce_server(self, guild: "Guild", *, renew: bool) -> None:
        faults = self.discord.faults
        if renew:
            current = self._credentials[guild.id]
            self._assign(current.channel, current.session_id)
        credentials = self._credentials[guild.id]
        data = {
            "guild_id": str(guild.id),
            "token": credentials.token,
            "endpoint": None if faults.voice_server_missing else credentials.endpoint,
        }

        async def later() -> None:
            await asyncio.sleep(faults.voice_server_delay_s)
            self._dispatch(guild, "VOICE_SERVER_UPDATE", data)

        if faults.voice_server_delay_s:
            self.discord.failures.spawn(later(), "voice server update")
        else:
            self._dispatch(guild, "VOICE_SERVER_UPDATE", data)

    # Packets

    def _received(self, datagram: bytes, arrived_s: float) -> None:
        try:
            packet = parse(datagram)
        except BadPacket as error:
            self.discord.failures.add(error)
            return
        connection = self._connections.get(packet.ssrc)
        if connection is None or self.discord.faults.loses_packet():
            return
        recording = connection.channel.recording
        guild = connection.channel.guild
        state = guild.voice_states.get(guild.bot.id)
        if state is None or state.mute or state.suppress:
            recording.drop(arrived_s, "the bot may not speak here")
            return
        try:
            frame = packet.opened(connection.secret_key)
            encrypted = frame.endswith(MAGIC_MARKER) and frame != SILENCE_FRAME
            opus = connection.group.decrypt(frame) if encrypted else frame
        except (BadPacket, Undecryptable) as error:
            recording.drop(arrived_s, str(error))
            return
        recording.add(
            arrived_s=arrived_s,
            ssrc=packet.ssrc,
            sequence=packet.sequence,
            timestamp=packet.timestamp,
            encrypted=encrypted,
            listeners=len(connection.channel.members) - 1,
            opus=opus,
        )

    def _dispatch(self, guild: "Guild", event: str, data: dict[str, Any]) -> None:
        # The server update is the bot's own and needs no intent; the other is for everybody.
        intent = Intent.VOICE_STATES if event == "VOICE_STATE_UPDATE" else Intent.NONE
        self.discord.gateway.dispatch(event, data, guild_id=guild.id, intent=intent)
