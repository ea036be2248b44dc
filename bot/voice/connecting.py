"""Getting into a voice channel and out of voice again, with every refusal as a sentence."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import aiohttp
import discord

from bot.errors import UserError
from bot.voice import reasons
from bot.voice.admission import VocalChannel
from bot.voice.connection import Connection

log = logging.getLogger(__name__)

#: Discord confirms a leaving in some 100 ms; where nothing is heard of it, it is over as well.
_LEAVING_TIMEOUT_S = 2.0


async def connect(
    channel: VocalChannel, timeout_s: float, on_end: Callable[[Connection], None]
) -> Connection:
    """A new connection to `channel`; there must be none in the server. Raises `UserError`."""
    failed = f"I could not get into {channel.mention}. Try again."
    extra = {"guild": channel.guild.id}
    try:
        return await channel.connect(
            timeout=timeout_s,
            self_deaf=True,
            reconnect=False,
            cls=partial(Connection, on_end=on_end),
        )
    except TimeoutError:
        raise UserError(
            f"I could not get into {channel.mention}: Discord did not answer in time."
        ) from None
    except discord.ConnectionClosed as error:
        log.warning("refused", extra={**extra, "code": error.code})
        if error.code == reasons.ENCRYPTION_REQUIRED:
            raise UserError(reasons.NO_ENCRYPTION) from None
        raise UserError(failed) from error
    except (discord.ClientException, aiohttp.ClientError, OSError) as error:
        log.warning("join failed", exc_info=error, extra=extra)
        raise UserError(failed) from error


async def disconnect(guild: discord.Guild) -> None:
    """Be in no channel of `guild`, and know that Discord knows it, within a few seconds."""
    if client := guild.voice_client:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LEAVING_TIMEOUT_S):
                await client.disconnect(force=True)
    # Discord's confirmation must not reach the next connection, which it would end.
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _LEAVING_TIMEOUT_S
    while guild.me and guild.me.voice and loop.time() < deadline:  # noqa: ASYNC110 - no event
        await asyncio.sleep(0.01)
