"""The bot's way to Discord at a start, tried until it is there."""

import asyncio
import logging
from typing import TYPE_CHECKING

import aiohttp
import discord

from bot.base.discord_address import DiscordAddressError, connector
from bot.client import TimbreBot
from bot.services import Services
from bot.settings import Settings, SettingsError

if TYPE_CHECKING:
    from bot.http.server import HttpServer

log = logging.getLogger(__name__)

#: The pauses while Discord cannot be reached at a start, such as before the network is up, double
#: from the first to the last. Once connected, discord.py reconnects by itself.
RETRY_FIRST_S, RETRY_MAX_S = 1.0, 60.0
REFUSED_BY_DISCORD = (
    "DISCORD_TOKEN was refused by Discord: copy it again, or reset it in the developer portal"
)
UNREACHABLE = (
    aiohttp.ClientConnectionError,
    TimeoutError,
    discord.DiscordServerError,
    discord.GatewayNotFound,
)


async def connect(
    services: Services,
    token: str,
    link: aiohttp.TCPConnector | None,
    stop: asyncio.Event,
    http: "HttpServer | None",
) -> "tuple[TimbreBot, asyncio.Task[None]]":
    """Keep a bot on Discord until `stop` is set or its connection ended for good."""
    message_content = services.settings.discord.message_content
    stopping = asyncio.create_task(stop.wait(), name="signal")
    pause_s = RETRY_FIRST_S
    while True:
        bot = TimbreBot(services, link, message_content=message_content)
        if http:
            http.discord = bot
        connection = asyncio.create_task(bot.start(token), name="discord")
        await asyncio.wait({connection, stopping}, return_when=asyncio.FIRST_COMPLETED)
        failure = connection.exception() if connection.done() else None
        if isinstance(failure, discord.PrivilegedIntentsRequired) and message_content:
            message_content = False
            log.warning(
                "Discord does not let this bot read messages, so /live is off; switch on "
                "Message Content Intent for it in the developer portal"
            )
        elif isinstance(failure, UNREACHABLE) and not stop.is_set():
            log.warning(
                "Discord cannot be reached",
                extra={"reason": str(failure), "next_try_s": pause_s},
            )
            await asyncio.wait({stopping}, timeout=pause_s)
            pause_s = min(2 * pause_s, RETRY_MAX_S)
        else:
            break
        if stop.is_set():
            break
        await bot.close()
        link = connector_of(services.settings)
    stopping.cancel()
    return bot, connection


def connector_of(settings: Settings) -> aiohttp.TCPConnector | None:
    discord_at = settings.discord
    if discord_at.resolve is None or discord_at.ca is None:
        return None
    try:
        return connector(discord_at.resolve, discord_at.ca)
    except DiscordAddressError as error:
        raise SettingsError(f"TIMBRE_DISCORD_CA: {error}") from None
