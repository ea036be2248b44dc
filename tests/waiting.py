"""Waiting for what a test brings about."""

import asyncio
from collections.abc import Callable


async def until(holds: Callable[[], object], timeout_s: float = 60, every_s: float = 0.02) -> None:
    """Look again and again until something holds. Raises `TimeoutError`.

    The limit says that it never comes, not how soon it has to: tests share two cores.
    """
    async with asyncio.timeout(timeout_s):
        while not holds():
            await asyncio.sleep(every_s)
