"""The REST API: authorisation, faults, refusals, and the routes that discord.py calls.

A route that is not here is answered as unknown *and* counts as a failure of the loopback Discord,
so that a bot cannot come to depend on something unchecked.
"""

import asyncio
import re
from dataclasses import dataclass, field

from aiohttp import web

from bot.loopback import rest_channels, rest_interactions
from bot.loopback.answers import (
    ApiError,
    Handler,
    Route,
    answer,
    missing_permissions,
    nothing,
    unknown,
)
from bot.loopback.commands import Commands
from bot.loopback.failures import Failures, LoopbackFailure
from bot.loopback.faults import Faults, RestFault
from bot.loopback.gateway import Gateway
from bot.loopback.interaction import Interactions
from bot.loopback.payloads import of_bot, of_member, of_user
from bot.loopback.world import GuildRecord, StageChannel, World

_VERSION = re.compile(r"^/api/v10")
#: Who holds an interaction's token needs no other authorisation.
_BY_TOKEN = re.compile(r"^/(interactions|webhooks)/")

#: How long a bot has to wait that made too many requests.
GLOBALLY_FOR_S = 1.0


@dataclass
class Rest:
    """What is served below https://discord.com/api/v10."""

    world: World
    token: str
    shards: int
    identifying_at_once: int
    gateway: Gateway
    commands: Commands
    interactions: Interactions
    faults: Faults
    failures: Failures
    _answering: set[asyncio.Event] = field(default_factory=set, init=False)

    async def answered(self) -> None:
        """Wait until the answers that are being made now are on their way to the bot."""
        for written in list(self._answering):
            await written.wait()

    def application(self) -> web.Application:
        application = web.Application(middlewares=[self._around])
        routes = [
            *self._own_routes(),
            *rest_channels.routes(self.world, self.interactions),
            *rest_interactions.routes(self.interactions, self.world.application_id),
        ]
        for method, path, handler in routes:
            application.router.add_route(method, "/api/v10" + path, handler)
        return application

    @web.middleware
    async def _around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Check who asks, apply faults, and put refusals into Discord's words."""
        path = _VERSION.sub("", request.path)
        try:
            token = request.headers.get("Authorization", "").removeprefix("Bot ")
            if token != self.token and not _BY_TOKEN.match(path):
                raise ApiError(401, 0, "401: Unauthorized")
            if "Authorization" in request.headers and self.faults.beyond_limit():
                return _limited(GLOBALLY_FOR_S, everywhere=True)
            fault = self.faults.rest_fault(request.method, path)
            if fault and (faulty := await _faulty(fault)) is not None:
                return faulty
            return await self._answer(request, handler, fault.answered_after_s if fault else 0.0)
        except ApiError as refusal:
            return answer({"message": refusal.message, "code": refusal.code}, refusal.status)
        except web.HTTPException as error:
            self.failures.add(LoopbackFailure(f"no route {request.method} {path} ({error.status})"))
            return answer({"message": f"{error.status}: {error.reason}", "code": 0}, error.status)
        except ConnectionError:
            # The client went away in the middle: nothing of ours. Nobody reads this; raised, it
            # would be a traceback in the log.
            return web.Response()
        except Exception as error:
            self.failures.add(error)
            return answer({"message": "500: Internal Server Error", "code": 0}, 500)

    async def _answer(
        self, request: web.Request, handler: Handler, after_s: float
    ) -> web.StreamResponse:
        written = asyncio.Event()
        self._answering.add(written)
        try:
            response = await handler(request)
            await asyncio.sleep(after_s)
            await response.prepare(request)
            await response.write_eof()
        finally:
            self._answering.discard(written)
            written.set()
        return response

    def _own_routes(self) -> list[Route]:
        """The bot's account, the gateway, its commands, its voice, and who is a member."""
        world = self.world

        async def me(_: web.Request) -> web.Response:
            return answer(of_bot(world.bot_user))

        async def application(_: web.Request) -> web.Response:
            return answer(
                {
                    "id": str(world.application_id),
                    "name": world.bot_user.name,
                    "icon": None,
                    "description": "",
                    "bot_public": True,
                    "bot_require_code_grant": False,
                    "owner": of_user(world.owner),
                    "verify_key": "00" * 32,
                }
            )

        async def gateway(_: web.Request) -> web.Response:
            return answer(
                {
                    "url": "wss://gateway.discord.gg",
                    "shards": self.shards,
                    "session_start_limit": {
                        "total": 1000,
                        "remaining": 1000,
                        "reset_after": 14_400_000,
                        "max_concurrency": self.identifying_at_once,
                    },
                }
            )

        async def overwrite_in_guild(request: web.Request) -> web.Response:
            guild = guild_of(request)
            return answer(self.commands.overwrite_in(guild.id, await request.json()))

        async def list_commands(_: web.Request) -> web.Response:
            return answer(self.commands.registered)

        async def overwrite_commands(request: web.Request) -> web.Response:
            return answer(self.commands.overwrite(await request.json()))

        def guild_of(request: web.Request) -> GuildRecord:
            guild = world.guilds.get(int(request.match_info["guild"]))
            if guild is None:
                raise unknown("Guild")
            return guild

        async def member(request: web.Request) -> web.Response:
            found = guild_of(request).members.get(int(request.match_info["member"]))
            if found is None:
                raise unknown("Member")
            return answer(of_member(found))

        async def edit_voice_state(request: web.Request) -> web.Response:
            guild = guild_of(request)
            body, state = await request.json(), guild.voice_states.get(guild.bot.id)
            if state is None or not isinstance(state.channel, StageChannel):
                raise ApiError(404, 10065, "Unknown Voice State")
            needed = "mute_members" if body.get("suppress") is False else "request_to_speak"
            if not state.channel.allows(guild.bot, needed):
                raise missing_permissions()
            if "suppress" in body:
                guild.set_voice(guild.bot, suppress=body["suppress"])
            return nothing()

        commands = f"/applications/{world.application_id}/commands"
        return [
            ("GET", "/users/@me", me),
            ("GET", "/oauth2/applications/@me", application),
            ("GET", "/gateway/bot", gateway),
            ("GET", commands, list_commands),
            ("PUT", commands, overwrite_commands),
            (
                "PUT",
                f"/applications/{world.application_id}/guilds/{{guild:\\d+}}/commands",
                overwrite_in_guild,
            ),
            ("GET", "/guilds/{guild}/members/{member:\\d+}", member),
            ("PATCH", "/guilds/{guild}/voice-states/@me", edit_voice_state),
        ]


async def _faulty(fault: RestFault) -> web.Response | None:
    await asyncio.sleep(fault.delay_s)
    if fault.status is None:
        return None
    if fault.retry_after_s is None:
        return answer({"message": f"{fault.status}: fault", "code": 0}, fault.status)
    return _limited(fault.retry_after_s, everywhere=False)


def _limited(retry_after_s: float, *, everywhere: bool) -> web.Response:
    limited = {
        "message": "You are being rate limited.",
        "retry_after": retry_after_s,
        "global": everywhere,
    }
    # discord.py takes a 429 without Via for a ban by the CDN.
    headers = {"Via": "1.1 loopback", "Retry-After": str(retry_after_s)}
    if everywhere:
        headers |= {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
    return answer(limited, 429, headers)
