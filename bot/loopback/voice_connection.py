"""One connection of the bot to a voice server: websocket version 8, keys, encryption group."""

import asyncio
import itertools
import json
import secrets
import struct
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from bot.loopback import dave
from bot.loopback.dave import MAGIC_MARKER, DaveGroup, Undecryptable
from bot.loopback.failures import Failures, LoopbackFailure
from bot.loopback.heard import SILENCE_FRAME
from bot.loopback.outbox import Close, Outbox
from bot.loopback.rtp import MODE, BadPacket, parse, receiver_report
from bot.loopback.world import MemberRecord, VoiceChannel

HEARTBEAT_INTERVAL_MS = 13_750
REPORT_INTERVAL_S = 5.0


class VoiceOp(IntEnum):
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
    """From identify to disconnection; after a close with 4015 it may be resumed.

    `send_packet` sends the bot a datagram; `on_close` is called when the connection is over.
    """

    def __init__(
        self,
        channel: VoiceChannel,
        session_id: str,
        ssrc: int,
        *,
        dave_version: int,
        failures: Failures,
        send_packet: Callable[[int, bytes], None],
        on_close: Callable[["VoiceConnection"], None],
    ) -> None:
        self.channel = channel
        self.session_id = session_id
        self.ssrc = ssrc
        self.secret_key = secrets.token_bytes(32)
        self.resumes = 0
        self.outbox = Outbox()
        self.group = DaveGroup(
            self,
            bot_id=channel.guild.bot.id,
            channel_id=channel.id,
            version=dave_version,
            members=lambda: {m.id for m in channel.members} - {channel.guild.bot.id},
            faults=channel.guild.voice_faults,
            spawn=failures.spawn,
        )
        self._failures = failures
        self._send_packet = send_packet
        self._on_close = on_close
        self._sequence = 0
        self._reports: asyncio.Task[None] | None = None
        self._open = self._opened  # bound once: a log keeps it beside each packet

    def close(self, code: int) -> None:
        """Close the websocket. Only after 4015 may the bot take the connection up again.

        As a fault: 4006 invalid session, 4009 session timed out, 4014 disconnected, 4015 server
        crashed, 4017 no end-to-end encryption, 4022 call terminated. Nothing else happens: the bot
        stays in the channel's list until it leaves or is moved.
        """
        self.outbox.put(Close(code))
        if code != 4015:
            self._on_close(self)

    def stop(self) -> None:
        self.channel.recording.open_all()
        self.group.close()
        if self._reports:
            self._reports.cancel()
            self._reports = None

    def resume(self) -> None:
        self.resumes += 1
        self.outbox = Outbox()
        self.outbox.put(HELLO)
        self.outbox.put(_json(VoiceOp.RESUMED, None))

    def greet(self, udp_port: int) -> None:
        """READY: where to send voice."""
        self.send_json(
            VoiceOp.READY,
            {
                "ssrc": self.ssrc,
                "ip": "127.0.0.1",
                "port": udp_port,
                "modes": ["aead_aes256_gcm_rtpsize", MODE],
            },
        )

    def member_came(self, member: MemberRecord) -> None:
        if member is not self.channel.guild.bot:
            self.send_json(VoiceOp.CLIENTS_CONNECT, {"user_ids": [str(member.id)]})
            self._members_changed()

    def member_left(self, member: MemberRecord) -> None:
        if member is not self.channel.guild.bot:
            self.send_json(VoiceOp.CLIENT_DISCONNECT, {"user_id": str(member.id)})
            self._members_changed()

    def _members_changed(self) -> None:
        self.channel.recording.open_all()
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
        match op:
            case VoiceOp.SELECT_PROTOCOL:
                self._select_protocol(data["data"]["mode"])
            case VoiceOp.HEARTBEAT:
                self.outbox.put(_json(VoiceOp.HEARTBEAT_ACK, {"t": data["t"]}))
            case VoiceOp.SPEAKING:  # what is heard says more
                return
            case dave.TRANSITION_READY:
                self.group.transition_ready(data["transition_id"])
            case dave.INVALID_COMMIT:
                raise LoopbackFailure("the bot could not process the group's commit")
            case _:
                raise LoopbackFailure(f"the bot sent an unknown voice op {op}")

    def received_binary(self, message: bytes) -> None:
        match message[0]:
            case dave.KEY_PACKAGE:
                self.channel.recording.open_all()
                self.group.key_package_offered()
            case dave.COMMIT_WELCOME:
                self.group.commit_offered(message[1:])
            case op:
                raise LoopbackFailure(f"the bot sent an unknown binary voice op {op}")

    def received_packet(self, datagram: bytes, arrived_s: float) -> None:
        """Have the channel hear what the bot sent, in RTP, and may say."""
        recording = self.channel.recording
        listeners = len(self.channel.members) - 1
        if recording.opens_later and self.group.settled:
            recording.keep(arrived_s, datagram, listeners, self._open)
        else:
            recording.open_all()
            self._opened(arrived_s, datagram, listeners)

    def _opened(self, arrived_s: float, datagram: bytes, listeners: int) -> None:
        recording = self.channel.recording
        try:
            packet = parse(datagram)
            frame = packet.opened(self.secret_key)
            encrypted = frame.endswith(MAGIC_MARKER) and frame != SILENCE_FRAME
            opus = self.group.decrypt(frame) if encrypted else frame
        except (BadPacket, Undecryptable) as error:
            recording.drop(arrived_s, str(error))
            return
        recording.add(
            arrived_s=arrived_s,
            ssrc=packet.ssrc,
            sequence=packet.sequence,
            timestamp=packet.timestamp,
            encrypted=encrypted,
            listeners=listeners,
            opus=opus,
        )

    def _select_protocol(self, mode: str) -> None:
        if mode != MODE:
            self.close(4016)  # unknown encryption mode
            return
        self.send_json(
            VoiceOp.SESSION_DESCRIPTION,
            {
                "mode": MODE,
                "secret_key": list(self.secret_key),
                "dave_protocol_version": self.group.version,
            },
        )
        if self._reports is None:
            self._reports = self._failures.spawn(self._report(), "voice reports")
        others = [str(m.id) for m in self.channel.members if m is not self.channel.guild.bot]
        if others:
            self.send_json(VoiceOp.CLIENTS_CONNECT, {"user_ids": others})

    async def _report(self) -> None:
        # discord.py's socket reader waits up to 30 s for a datagram on a socket before it looks
        # at the next one; something has to come for a move to another server to be quick.
        for counter in itertools.count():
            report = receiver_report(self.ssrc, self.secret_key, counter)
            self._send_packet(self.ssrc, report)
            await asyncio.sleep(REPORT_INTERVAL_S)


def _json(op: int, data: Any) -> str:
    return json.dumps({"op": op, "d": data})


#: What a voice server says first.
HELLO = _json(VoiceOp.HELLO, {"v": 8, "heartbeat_interval": HEARTBEAT_INTERVAL_MS})
