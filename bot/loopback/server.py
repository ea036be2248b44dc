"""A Discord on 127.0.0.1, against which an unmodified discord.py bot runs.

For the demo, the tests and the benchmarks. One TCP port with TLS serves REST, the gateway, the
voice servers and the content delivery host under Discord's own names. It connects to nothing.
"""

import asyncio
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

from aiohttp import web

from bot.loopback.answers import Handler
from bot.loopback.attachments import SIZE_LIMIT
from bot.loopback.certificate import make_certificate
from bot.loopback.commands import Commands
from bot.loopback.failures import Failures, LoopbackFailure
from bot.loopback.faults import Faults
from bot.loopback.gateway import Gateway
from bot.loopback.identifiers import timestamp
from bot.loopback.interaction import ACKNOWLEDGE_WITHIN_S, Interactions
from bot.loopback.messages import User
from bot.loopback.people import Guild
from bot.loopback.rest import Rest
from bot.loopback.voice import VoiceServers
from bot.loopback.world import World

_MAX_REQUEST_BYTES = 10 * SIZE_LIMIT

#: A bot that does not read for so long has ended or hangs, and members press its buttons then too.
_READS_WITHIN_S = 20.0

#: For `acknowledge_within_s` where how busy this machine is may decide nothing.
BUSY_MACHINE_S = 20.0


class LoopbackDiscord:
    """Everything that belongs to one such Discord; an asynchronous context manager.

    Leaving it raises an `ExceptionGroup` of whatever went wrong inside. `shards` is what the bot
    is told to use, `identifying_at_once` Discord's `max_concurrency`. Interactions have to be
    answered within `acknowledge_within_s`, by default as on Discord.
    """

    def __init__(
        self,
        *,
        bot_name: str = "Timbre",
        shards: int = 1,
        identifying_at_once: int = 16,
        acknowledge_within_s: float = ACKNOWLEDGE_WITHIN_S,
    ) -> None:
        self.world = World(bot_name)
        self.bot_user = self.world.bot_user
        self.owner = self.world.owner
        self.cdn = self.world.cdn
        self.token = f"{secrets.token_urlsafe(18)}.{secrets.token_urlsafe(4)}.loopback"
        self.shards = shards
        self.identifying_at_once = identifying_at_once
        self.faults = Faults()
        self.failures = Failures()
        self.commands = Commands(self.world.application_id, self.world.identifiers.next)
        self.interactions = Interactions(self.world, acknowledge_within_s)
        self.gateway: Gateway
        self.voice: VoiceServers
        self.port = 0
        self._runner: web.AppRunner | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    async def __aenter__(self) -> Self:
        pem, tls = make_certificate()
        self._folder = tempfile.TemporaryDirectory(prefix="loopback-discord-")
        self.certificate.write_bytes(pem)
        self.voice = VoiceServers(self.world, self.failures)
        self.gateway = Gateway(
            self.world, self.token, self.faults, self.failures, self.voice.bot_asks
        )
        self.world.publish = self.gateway.publish
        self.world.moved = self.voice.moved
        rest = Rest(
            self.world,
            self.token,
            self.shards,
            self.identifying_at_once,
            self.gateway,
            self.commands,
            self.interactions,
            self.faults,
            self.failures,
        )

        async def bot_knows(guild_id: int | None) -> None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_READS_WITHIN_S):
                    await rest.answered()
                    await self.gateway.read(guild_id)

        self.interactions.bot_knows = bot_knows
        application = web.Application(client_max_size=_MAX_REQUEST_BYTES)
        application.add_domain("discord.com", rest.application())
        for domain, handler in (
            ("gateway.discord.gg", self.gateway.serve),
            ("*.discord.media", self.voice.serve),
            ("cdn.discordapp.com", self._serve_file),
            ("media.discordapp.net", self._serve_file),
        ):
            application.add_domain(domain, self._single(handler))
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, _kind: object, error: BaseException | None, _traceback: object
    ) -> None:
        if self._runner:
            await self._runner.cleanup()
        self.voice.close()
        await self.failures.stop()
        if self._folder:
            self._folder.cleanup()
        self.failures.raise_all(error)

    @property
    def certificate(self) -> Path:
        """The certificate to trust, a PEM file that lasts as long as the server runs."""
        assert self._folder is not None
        return Path(self._folder.name) / "discord.pem"

    def environment(self) -> dict[str, str]:
        return {
            "DISCORD_TOKEN": self.token,
            "TIMBRE_DISCORD_RESOLVE": f"127.0.0.1:{self.port}",
            "TIMBRE_DISCORD_CA": str(self.certificate),
        }

    def add_guild(self, name: str, *, owner: User | None = None) -> Guild:
        """A guild that the bot is in; added while it runs, the bot has just been invited.

        It belongs to `owner`, or else to somebody who plays no part.
        """
        guild = self.make_guild(name, owner=owner)
        self.invite_bot(guild)
        return guild

    def make_guild(self, name: str, *, owner: User | None = None) -> Guild:
        """A guild that the bot is not in, to be furnished before it is invited."""
        return Guild(self.world, name, self.commands, self.interactions, owner)

    def invite_bot(self, guild: Guild) -> None:
        """Somebody adds the bot to a guild, for the first time or again."""
        guild.bot.joined_at = timestamp()
        self.world.guilds[guild.id] = guild
        self.world.publish("GUILD_CREATE", guild)

    async def wait_for_bot(self, *, commands: bool = True, timeout_s: float = 120) -> None:
        """Wait until every shard is ready and, unless `commands` is false, commands are there.

        Raises `TimeoutError`.
        """
        await self.gateway.wait_ready(timeout_s)
        if commands:
            await self.commands.wait_registered(timeout_s)

    async def _serve_file(self, request: web.Request) -> web.Response:
        self.cdn.fetched.append(request.path)
        attachment = self.cdn.find(request.path)
        if attachment is None:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(
            body=attachment.data, content_type=attachment.content_type or "application/octet-stream"
        )

    def _single(self, handler: Handler) -> web.Application:
        """An application with one handler, whose exceptions are collected."""

        async def collected(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except ConnectionError:
                raise  # the client went away
            except Exception as error:
                self.failures.add(LoopbackFailure(f"while serving {request.host}"))
                self.failures.add(error)
                raise

        application = web.Application()
        application.router.add_route("*", "/{path:.*}", collected)
        return application
