"""Getting into a voice channel and out of voice again, with every refusal as a sentence."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import aiohttp
import discord

from bot.base.errors import UserError
from bot.channel import reasons
from bot.channel.admission import VocalChannel
from bot.channel.connection import Connection

log = logging.getLogger(__name__)

#: Discord confirms in some 100 ms; where nothing is heard of a leaving, it is over as well.
_CONFIRMED_WITHIN_S = 2.0


async def connect(
    channel: VocalChannel, timeout_s: float, on_end: Callable[[Connection], None]
) -> Connection:
    """A new connection to `channel`; there must be none in the server. Raises `UserError`."""
    failed = _failed(channel)
    extra = {"guild": channel.guild.id}
    try:
        connection = await channel.connect(
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
    await _settle(connection, channel)
    return connection


async def move(connection: Connection, channel: VocalChannel, timeout_s: float) -> bool:
    """Take `connection` along to `channel`; false where it takes a new one to get there.

    Raises `UserError` if it was ended meanwhile.
    """
    with suppress(TimeoutError):
        await connection.move_to(channel, timeout=timeout_s)
    if not connection.usable or connection.channel.id != channel.id:
        return False
    await _settle(connection, channel)
    return True


async def _settle(connection: Connection, channel: VocalChannel) -> None:
    if isinstance(channel, discord.StageChannel):
        await _step_up(channel)
    if connection.ended:  # whoever ended it meanwhile does not want it begun anew
        raise UserError(_failed(channel))


def _failed(channel: VocalChannel) -> str:
    return f"I could not get into {channel.mention}. Try again."


async def _step_up(stage: discord.StageChannel) -> None:
    """Everybody comes to a stage as audience: speak if the bot may decide that, else ask to."""
    me = stage.guild.me
    try:
        try:
            await me.edit(suppress=False)
            await _until(lambda: not (me.voice and me.voice.suppress), _CONFIRMED_WITHIN_S)
        except discord.Forbidden:
            await me.request_to_speak()
    except (discord.HTTPException, discord.ClientException, aiohttp.ClientError) as error:
        # Whoever wants to hear something is told that the bot is in the audience.
        log.warning("still in the audience", exc_info=error, extra={"guild": stage.guild.id})


async def disconnect(guild: discord.Guild) -> None:
    """Be in no channel of `guild`, and know that Discord knows it, within a few seconds."""
    if client := guild.voice_client:
        with suppress(TimeoutError):
            async with asyncio.timeout(_CONFIRMED_WITHIN_S):
                await client.disconnect(force=True)
        if (task := asyncio.current_task()) and task.cancelling():
            raise asyncio.CancelledError  # discord.py keeps it to itself
    # Discord's confirmation must not reach the next connection, which it would end.
    await _until(lambda: not (guild.me and guild.me.voice), _CONFIRMED_WITHIN_S)


async def _until(holds: Callable[[], bool], timeout_s: float) -> None:
    """Wait for what the gateway tells, as long as that is worth it."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while not holds() and loop.time() < deadline:  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0.01)
