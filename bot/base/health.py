"""Whether the bot is connected to Discord, for those who look from outside its process.

A file in TIMBRE_HOME is touched while it is, and its age is all that it says: to touch it takes no
room on a disk that is full.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from bot.base.home import ALIVE

INTERVAL_S = 5.0
#: Longer than an ordinary reconnect takes: discord.py's first pauses are of a few seconds.
PATIENCE_S = 60.0

log = logging.getLogger(__name__)


async def show_life(
    home: Path, connected: Callable[[], bool], *, interval_s: float = INTERVAL_S
) -> None:
    """Touch the file while `connected()`, until cancelled; it is gone then."""
    file = home / ALIVE
    failed = False
    try:
        while True:
            if connected():
                try:
                    await asyncio.to_thread(file.touch, 0o600)
                    failed = False
                except OSError as error:
                    if not failed:  # once, not every five seconds
                        log.warning("whether I am connected cannot be shown: %s", error)
                    failed = True
            await asyncio.sleep(interval_s)
    finally:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s cannot be removed: %s", file, error.strerror)


def silence_s(home: Path, now_s: float) -> float | None:
    """Seconds since a bot in this home was last seen connected; None: there is no bot.

    `now_s` is in Unix seconds. Raises `OSError` where one may not look.
    """
    try:
        return max(0.0, now_s - (home / ALIVE).stat().st_mtime)
    except FileNotFoundError:
        return None
