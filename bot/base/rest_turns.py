"""The REST requests of several bot processes with one token, within what Discord allows them.

discord.py knows of a limit once it has met it, and each process for itself: when all of them go on
beside one that was told to wait, each refused request counts towards a ban by Discord's CDN. Here
every request with the token takes a turn in the database first, and a refusal for all requests
(429, global) makes all processes wait. Answers to members' commands carry no token and have no such
limit, so they wait for nothing. By aiohttp's tracing, which discord.py lets its users set.
"""

import asyncio
import logging
from types import SimpleNamespace

import aiohttp

from data.errors import DatabaseClosed, StoreFailed
from data.pauses import PauseStore

log = logging.getLogger(__name__)

#: Of what Discord allows in a second, the share for a steady stream and for what comes at once:
#: requests that left in two seconds may arrive in one.
_STEADY, _AT_ONCE = 0.8, 0.1
#: How long all wait where a refusal does not say.
_UNSAID_S = 1.0


class RestTurns:
    """Turns of one process, taken where all take theirs. `per_s` is what Discord allows."""

    def __init__(self, pauses: PauseStore, per_s: int) -> None:
        self._pauses = pauses
        self._every_s = 1 / (_STEADY * per_s)
        self._at_once = max(1, int(_AT_ONCE * per_s))

    def trace(self) -> aiohttp.TraceConfig:
        """What a client of discord.py is to be made with, as its `http_trace`."""
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._wait)
        trace.on_request_end.append(self._heed)
        return trace

    async def _wait(
        self,
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        request: aiohttp.TraceRequestStartParams,
    ) -> None:
        if "Authorization" not in request.headers:
            return
        try:
            wait_s = await self._pauses.rest_in(self._every_s, self._at_once)
        except (StoreFailed, DatabaseClosed) as error:
            log.warning("no turn for a request could be had", extra={"reason": str(error)})
            return
        await asyncio.sleep(wait_s)

    async def _heed(
        self,
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        request: aiohttp.TraceRequestEndParams,
    ) -> None:
        headers = request.response.headers
        if request.response.status != 429 or "X-RateLimit-Global" not in headers:
            return
        try:
            wait_s = float(headers["Retry-After"])
        except (KeyError, ValueError):
            wait_s = _UNSAID_S
        try:
            await self._pauses.rest_not_within(wait_s, self._every_s, self._at_once)
        except (StoreFailed, DatabaseClosed) as error:
            log.warning("the other processes do not wait", extra={"reason": str(error)})
            return
        log.warning("Discord has all processes wait", extra={"wait_s": wait_s})
