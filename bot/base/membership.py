"""Who is a member of a server, which only Discord knows."""

import asyncio
import logging

import aiohttp
import discord

log = logging.getLogger(__name__)

#: How long who speaks in a shared voice waits until Discord says whether its owner is there.
_ASKING_S = 2.0
#: Discord's codes for somebody who is no member of a server, and for an account that is gone.
_NO_MEMBER = (10007, 10013)


async def is_member(client: discord.Client, guild_id: int, user_id: int) -> bool | None:
    """Whether Discord knows somebody as a member of a server; None if it does not say."""
    guild = client.get_guild(guild_id)
    if guild is None:
        return None
    if guild.get_member(user_id):  # who sits in voice is known
        return True
    try:
        async with asyncio.timeout(_ASKING_S):
            await guild.fetch_member(user_id)
    except discord.NotFound as error:
        return False if error.code in _NO_MEMBER else None
    except (discord.HTTPException, aiohttp.ClientError, TimeoutError) as error:
        log.info("Discord did not say who is a member", extra={"reason": str(error)})
        return None
    return True
