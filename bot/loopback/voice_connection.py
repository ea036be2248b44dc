"""One connection of the bot to a voice server: websocket version 8, keys, encryption group."""

import asyncio
import itertools
import json
import secrets
import struct
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from bot.loopback import dave
from bot.loopback.channels import StageChannel, VoiceChannel
from bot.loopback.dave import DaveGroup
from bot.loopback.failures import LoopbackFailure
from bot.loopback.outbox import Close, Outbox
from bot.loopback.rtp import MODE, receiver_report

if TYPE_CHECKING:
    from bot.loopback.members import Member
    from bot.loopback.voice import Voice

HEARTBEAT_INTERVAL_MS = 13_750
REPORT_INTERVAL_S = 5.0


class Op(IntEnum):
    """The voice gateway's opcodes, apart from those of `dave`."""

    IDENTIFY = 0
    SELECT_PROTOCOL = 1
    READY = 2
    HEARTBEAT = 3
    SESSION_DESCRIPTION = 4
    SPEAKING = 5
    HEARTBEAT_ACK = 6
    RESUME = 7
    HELLO = 8
    RESUMED = 9
    CLIENTS_CONNECT = 11
    CLIENT_DISCONNECT = 13


class VoiceConnection:
    """From identify to disconnection; after a close with 4015 it may be resumed."""

    def __init__(self, voice: "Voice", channel: "VoiceChannel", session_id: str) -> None:
        self.channel = channel
        self.session_id = session_id
        self.secret_key = secrets.token_bytes(32)
        self.speaking = 0
        self.resumes = 0
        self.outbox = Outbox()
        self.group = DaveGroup(
            self,
            bot_id=channel.guild.bot.id,
            channel_id=channel.id,
            version=dave_version(voice, channel),
            members=lambda: {m.id for m in channel.members} - {channel.guild.bot.id},
            faults=voice.discord.faults,
            spawn=voice.discord.failures.spawn,
        )
        self._voice = voice
        self._sequence = 0
        self._reports: asyncio.Task[None] | None = None
        self.ssrc = voice.register(self)

    @classmethod
    async def serve(cls, voice: "Voice", websocket: web.WebSocketResponse) -> None:
        """Speak with one websocket until it closes."""
        failures = voice.discord.failures
        greeting = Outbox()
        greeting.put(_json(Op.HELLO, {"v": 8, "heartbeat_interval": HEARTBEAT_INTERVAL_MS}))
        sending = failures.spawn(greeting.send_to(websocket), "voice greeting")
        connection: VoiceConnection | None = None
        try:
            async for message in websocket:
                if connection is None:
                    begun = _begin(voice, message)
                    if begun is None:
                        continue
                    if isinstance(begun, Close):
                        greeting.put(begun)
                        continue
                    connection = begun
                    sending.cancel()
                    outbox = connection.outbox
                    sending = failures.spawn(outbox.send_to(websocket), "voice messages")
                elif message.type is aiohttp.WSMsgType.BINARY:
                    connection.received_binary(message.data)
                elif message.type is aiohttp.WSMsgType.TEXT:
                    payload = json.loads(message.data)
                    connection.received_json(payload["op"], payload["d"])
        finally:
            sending.cancel()

    def close(self, code: int) -> None:
        """Close the websocket. Only after 4015 may the bot take the connection up again."""
        self.outbox.put(Close(code))
        if code != 4015:
            self._voice.forget(self)

    def stop(self) -> None:
        """End what runs beside the websocket."""
        self.group.close()
        if self._reports:
            self._reports.cancel()
            self._reports = None

    def resumed(self) -> None:
        """The bot has come back after a 4015."""
        self.resumes += 1
        self.outbox = Outbox()
        self.outbox.put(_json(Op.HELLO, {"v": 8, "heartbeat_interval": HEARTBEAT_INTERVAL_MS}))
        self.outbox.put(_json(Op.RESUMED, None))

    def greet(self) -> None:
        """READY: where to send voice."""
        self.send_json(
            Op.READY,
            {
                "ssrc": self.ssrc,
                "ip": "127.0.0.1",
                "port": self._voice.udp_port,
                "modes": ["aead_aes256_gcm_rtpsize", MODE],
                "experiments": [],
                "streams": [],
            },
        )

    def member_came(self, member: "Member") -> None:
        """Somebody came into the channel."""
        if member is not self.channel.guild.bot:
            self.send_json(Op.CLIENTS_CONNECT, {"user_ids": [str(member.id)]})
            self.group.members_changed()

    def member_left(self, member: "Member") -> None:
        """Somebody left the channel."""
        if member is not self.channel.guild.bot:
            self.send_json(Op.CLIENT_DISCONNECT, {"user_id": str(member.id)})
            self.group.members_changed()

    def send_json(self, op: int, data: dict[str, Any]) -> None:
        """Queue a message with a sequence number, which the bot acknowledges in heartbeats."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        self.outbox.put(json.dumps({"op": op, "d": data, "seq": self._sequence}))

    def send_binary(self, op: int, payload: bytes) -> None:
        """Queue a binary message: sequence number, op, payload."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        self.outbox.put(struct.pack(">HB", self._sequence, op) + payload)

    def received_json(self, op: int, data: Any) -> None:
        """What the bot says once it is identified."""
        match op:
            case Op.SELECT_PROTOCOL:
                self._select_protocol(data["data"]["mode"])
            case Op.HEARTBEAT:
                self.outbox.put(_json(Op.HEARTBEAT_ACK, {"t": data["t"]}))
            case Op.SPEAKING:
                self.speaking = data["speaking"]
            case dave.TRANSITION_READY:
                self.group.transition_ready(data["transition_id"])
            case dave.INVALID_COMMIT:
                raise LoopbackFailure("the bot could not process the group's commit")
            case _:
                raise LoopbackFailure(f"the bot sent an unknown voice op {op}")

    def received_binary(self, message: bytes) -> None:
        """The bot's part in the encryption group."""
        match message[0]:
            case dave.KEY_PACKAGE:
                self.group.key_package_offered()
            case dave.COMMIT_WELCOME:
                self.group.commit_offered(message[1:])
            case op:
                raise LoopbackFailure(f"the bot sent an unknown binary voice op {op}")

    def _select_protocol(self, mode: str) -> None:
        if mode != MODE:
            self.close(4016)  # unknown encryption mode
            return
        self.send_json(
            Op.SESSION_DESCRIPTION,
            {
                "mode": MODE,
                "secret_key": list(self.secret_key),
                "dave_protocol_version": self.group.version,
                "audio_codec": "opus",
                "video_codec": None,
                "media_session_id": secrets.token_hex(16),
            },
        )
        if self._reports is None:
            self._reports = self._voice.discord.failures.spawn(self._report(), "voice reports")
        others = [str(m.id) for m in self.channel.members if m is not self.channel.guild.bot]
        if others:
            self.send_json(Op.CLIENTS_CONNECT, {"user_ids": others})

    async def _report(self) -> None:
        # discord.py's socket reader waits up to 30 s for a datagram on a socket before it looks
        # at the next one; something has to come for a move to another server to be quick.
        for counter in itertools.count():
            report = receiver_report(self.ssrc, self.secret_key, counter)
            self._voice.send_packet(self.ssrc, report)
            await asyncio.sleep(REPORT_INTERVAL_S)


def _begin(voice: "Voice", message: aiohttp.WSMessage) -> "VoiceConnection | Close | None":
    """The connection that an identify or resume begins, or why there is none."""
    if message.type is not aiohttp.WSMsgType.TEXT:
        return Close(4003, "not authenticated")
    payload = json.loads(message.data)
    op, data = payload["op"], payload["d"]
    if op == Op.HEARTBEAT:
        return None
    if op not in (Op.IDENTIFY, Op.RESUME):
        return Close(4003, "not authenticated")
    if refusal := voice.discord.faults.voice_refusal:
        voice.refused += 1
        return Close(refusal)
    guild_id = int(data["server_id"])
    credentials = voice.credentials(guild_id)
    if credentials is None or data["session_id"] != credentials.session_id:
        return Close(4006, "session is no longer valid")
    if data["token"] != credentials.token:
        return Close(4004, "authentication failed")
    if op == Op.RESUME:
        resumed = voice.find(guild_id, data["session_id"])
        if resumed is None:
            return Close(4006, "session is no longer valid")
        resumed.resumed()
        return resumed
    if dave_version(voice, credentials.channel) > data.get("max_dave_protocol_version", 0):
        return Close(4017, "end-to-end encryption is required")
    connection = VoiceConnection(voice, credentials.channel, credentials.session_id)
    connection.greet()
    return connection


def dave_version(voice: "Voice", channel: VoiceChannel) -> int:
    """The version of end-to-end encryption that a channel demands, 0 for none."""
    return 0 if isinstance(channel, StageChannel) else voice.discord.faults.dave_version


def _json(op: int, data: Any) -> str:
    return json.dumps({"op": op, "d": data})
