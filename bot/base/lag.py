"""How late the event loop is: what everything that waits on it waits longer than it asked to."""

import asyncio

from bot.base.metrics import Latencies

#: Often enough for the slowest hundredth of a minute. Five times as often, an idle bot takes 0.9 %
#: of a core where it takes 0.2.
INTERVAL_S = 0.1


async def measure(lag: Latencies) -> None:
    """Record, until cancelled, by how much each sleep of `INTERVAL_S` was too long."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + INTERVAL_S
        await asyncio.sleep(INTERVAL_S)
        lag.add(max(0.0, loop.time() - due) * 1000)
