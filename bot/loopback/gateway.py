"""The gateway: sessions, heartbeats, events by intent and shard, resuming."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from enum import IntEnum
from typing import Any

import aiohttp
from aiohttp import web

from bot.loopback.events import Intent, event_of, readable
from bot.loopback.failures import Failures, LoopbackFailure
from bot.loopback.faults import Faults
from bot.loopback.messages import Json
from bot.loopback.outbox import Close, Outbox, Ping
from bot.loopback.payloads import of_bot, of_guild_created
from bot.loopback.world import GuildRecord, World

HEARTBEAT_INTERVAL_MS = 41_250


class GatewayOp(IntEnum):
    """The gateway's opcodes."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE_STATE = 4
    RESUME = 6
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Session:
    """One shard's session. It outlives its connection for as long as it may be resumed."""

    def __init__(self, shard: tuple[int, int], intents: int) -> None:
        self.id = secrets.token_hex(16)
        self.shard = shard
        self.intents = intents
        self.outbox = Outbox()
        self.connected = True
        self._history: list[str] = []
        self._ponged = asyncio.Event()

    def dispatch(self, event: str, data: dict[str, Any]) -> None:
        """Send an event, now or when the session is resumed."""
        message = json.dumps(
            {"op": GatewayOp.DISPATCH, "s": len(self._history) + 1, "t": event, "d": data}
        )
        self._history.append(message)
        if self.connected:
            self.outbox.put(message)

    def send(self, op: int, data: Any = None) -> None:
        self.outbox.put(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    def ponged(self) -> None:
        self._ponged.set()

    async def read(self) -> None:
        """Wait until the bot has read what was sent, and has acted on what came by other ways."""
        # The first pong may be to an earlier ping; by the second, other sockets had their turn.
        for _ in range(2):
            self._ponged.clear()
            self.outbox.put(Ping())
            await self._ponged.wait()

    def resume_after(self, sequence: int) -> Outbox:
        self.outbox = Outbox()
        self.connected = True
        for message in self._history[sequence:]:
            self.outbox.put(message)
        return self.outbox

    def serves(self, guild_id: int | None) -> bool:
        """Whether events of this guild come through this session; None is direct messages."""
        index, count = self.shard
        return (0 if guild_id is None else (guild_id >> 22) % count) == index


class Gateway:
    """All sessions of the bot. `identifies` and `resumes` count what they say.

    `bot_asks` is called with a guild, a session's id and the bot's voice state update.
    """

    def __init__(
        self,
        world: World,
        token: str,
        faults: Faults,
        failures: Failures,
        bot_asks: Callable[[GuildRecord, str, Json], Awaitable[None]],
    ) -> None:
        self.sessions: dict[str, Session] = {}
        self.identifies = 0
        self.resumes = 0
        self._world = world
        self._token = token
        self._faults = faults
        self._failures = failures
        self._bot_asks = bot_asks
        self._ready = asyncio.Event()

    async def wait_ready(self, timeout_s: float) -> None:
        """Wait until every shard has been sent READY and its guilds. Raises `TimeoutError`."""
        try:
            await asyncio.wait_for(self._ready.wait(), timeout_s)
        except TimeoutError:
            raise TimeoutError(f"the bot did not identify within {timeout_s} s") from None

    def publish(self, name: str, subject: object) -> None:
        """Send an event to the sessions of the guild's shard that asked for it."""
        event = event_of(name, subject)
        if name != "GUILD_DELETE" and self._is_elsewhere(event.guild_id):
            return
        for session in self.sessions.values():
            if not session.serves(event.guild_id):
                continue
            if isinstance(subject, GuildRecord) and name == "GUILD_CREATE":
                session.dispatch(name, _created(session, subject, invited=True))
            elif event.intent & session.intents or event.intent is Intent.NONE:
                bot_id = self._world.bot_user.id
                session.dispatch(name, readable(event, session.intents, bot_id))

    async def read(self, guild_id: int | None) -> None:
        """Wait until the bot has read all that it was sent of a guild; see `Session.read`."""
        for session in list(self.sessions.values()):
            if session.serves(guild_id) and session.connected:
                await session.read()

    def _is_elsewhere(self, guild_id: int | None) -> bool:
        """Whether the bot is not in a guild, and so learns nothing of it."""
        return guild_id is not None and guild_id not in self._world.guilds

    def disconnect(self, *, resumable: bool = True) -> None:
        """Fault: every connection is closed. If not resumable, the sessions are gone too."""
        for session in list(self.sessions.values()):
            if not resumable:
                self._end(session)
            session.connected = False
            session.outbox.put(Close(4000, "unknown error"))

    def invalidate_sessions(self) -> None:
        """Fault: Discord declares every session invalid (op 9); the bot has to identify anew."""
        for session in list(self.sessions.values()):
            self._end(session)
            session.send(GatewayOp.INVALID_SESSION, False)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        # aiohttp would keep the answers to our pings to itself.
        websocket = web.WebSocketResponse(timeout=2.0, max_msg_size=0, autoping=False)
        await websocket.prepare(request)
        connection = _Connection(self, websocket, self._failures)
        try:
            await connection.run()
        finally:
            session = connection.session
            # If it is not connected any more, it was this side that closed, and knows why.
            if session and session.outbox is connection.outbox and session.connected:
                session.connected = False
                if websocket.close_code in (1000, 1001):  # the client meant it: no resuming
                    self._end(session)
        return websocket

    def _end(self, session: Session) -> None:
        if self.sessions.pop(session.id, None) is None:
            return
        self._ready.clear()
        for guild in self._world.guilds.values():  # with its session the bot is gone from voice
            state = guild.voice_states.get(guild.bot.id)
            if state and state.session_id == session.id:
                self._world.place(guild.bot, None)

    def identify(self, data: dict[str, Any], outbox: Outbox) -> Session | Close:
        """Begin a session, or refuse it as Discord does."""
        if data["token"] != self._token:
            return Close(4004, "authentication failed")
        shard = tuple(data.get("shard") or (0, 1))
        if not 0 <= shard[0] < shard[1]:
            return Close(4010, "invalid shard")
        if self._faults.message_content_refused and (data["intents"] & Intent.MESSAGE_CONTENT):
            return Close(4014, "disallowed intents")
        session = Session((shard[0], shard[1]), data["intents"])
        for left in [s for s in self.sessions.values() if s.shard == shard and not s.connected]:
            self._end(left)  # a restarted process: its old session will not be resumed
        session.outbox = outbox
        self.sessions[session.id] = session
        self.identifies += 1
        guilds = [g for g in self._world.guilds.values() if session.serves(g.id)]
        session.dispatch(
            "READY",
            {
                "v": 10,
                "user": of_bot(self._world.bot_user),
                "guilds": [{"id": str(g.id), "unavailable": True} for g in guilds],
                "session_id": session.id,
                "resume_gateway_url": "wss://gateway.discord.gg",
                "shard": list(shard),
                "application": {"id": str(self._world.application_id), "flags": 0},
                "private_channels": [],
            },
        )
        for guild in guilds:
            session.dispatch("GUILD_CREATE", _created(session, guild, invited=False))
        if {s.shard[0] for s in self.sessions.values()} == set(range(shard[1])):
            self._ready.set()
        return session

    def resume(self, data: dict[str, Any]) -> Session | None:
        """Take a session up again, or None if it is not there any more."""
        session = self.sessions.get(data["session_id"])
        if session is None or data["token"] != self._token:
            return None
        session.resume_after(data["seq"])
        session.dispatch("RESUMED", {"_trace": []})
        self.resumes += 1
        return session

    async def handle(self, session: Session, op: int, data: Any) -> None:
        match op:
            case GatewayOp.PRESENCE:  # nobody here looks at the bot's status
                return
            case GatewayOp.VOICE_STATE:
                guild = self._world.guilds.get(int(data["guild_id"]))
                if guild is not None:
                    await self._bot_asks(guild, session.id, data)
            case _:
                raise LoopbackFailure(f"the bot sent an unknown gateway op {op}")


class _Connection:
    """A websocket to the gateway, before and after it has a session."""

    def __init__(
        self, gateway: Gateway, websocket: web.WebSocketResponse, failures: Failures
    ) -> None:
        self.session: Session | None = None
        self.outbox = Outbox()
        self._gateway = gateway
        self._websocket = websocket
        self._failures = failures

    async def run(self) -> None:
        self._send(GatewayOp.HELLO, {"heartbeat_interval": HEARTBEAT_INTERVAL_MS})
        sending = self._start_sending()
        try:
            async for message in self._websocket:
                outbox = self.outbox
                if message.type is aiohttp.WSMsgType.PING:
                    await self._websocket.pong(message.data)
                elif message.type is aiohttp.WSMsgType.TEXT:
                    payload = json.loads(message.data)
                    await self._received(payload["op"], payload["d"])
                elif message.type is not aiohttp.WSMsgType.PONG:
                    self.outbox.put(Close(4002, "decode error"))
                elif self.session:
                    self.session.ponged()
                if self.outbox is not outbox:
                    sending.cancel()
                    sending = self._start_sending()
        finally:
            sending.cancel()

    def _start_sending(self) -> asyncio.Task[None]:
        return self._failures.spawn(self.outbox.send_to(self._websocket), "gateway messages")

    async def _received(self, op: int, data: Any) -> None:
        if op == GatewayOp.HEARTBEAT:
            self._send(GatewayOp.HEARTBEAT_ACK, None)
        elif op == GatewayOp.IDENTIFY:
            begun = self._gateway.identify(data, self.outbox)
            if isinstance(begun, Close):
                self.outbox.put(begun)
            else:
                self.session = begun
        elif op == GatewayOp.RESUME:
            self.session = self._gateway.resume(data)
            if self.session is None:
                self._send(GatewayOp.INVALID_SESSION, False)
            else:
                self.outbox = self.session.outbox
        elif self.session is None:
            self.outbox.put(Close(4003, "not authenticated"))
        else:
            await self._gateway.handle(self.session, op, data)

    def _send(self, op: int, data: Any) -> None:
        self.outbox.put(json.dumps({"op": op, "d": data, "s": None, "t": None}))


def _created(session: Session, guild: GuildRecord, *, invited: bool) -> Json:
    all_members = Intent.MEMBERS | Intent.PRESENCES
    everybody = session.intents & all_members == all_members
    return of_guild_created(guild, everybody=everybody, invited=invited)
