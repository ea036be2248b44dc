"""Whether the bot is connected to Discord, for those who look from outside its process.

A file in TIMBRE_HOME is touched while it is, and its age is all that it says: to touch it takes no
room on a disk that is full. Of several processes each has one, and the oldest counts.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from bot.base.home import ALIVE, PROCESSES
from bot.base.shards import Shards

INTERVAL_S = 5.0
#: Longer than an ordinary reconnect takes: discord.py's first pauses are of a few seconds.
PATIENCE_S = 60.0

log = logging.getLogger(__name__)


def life_of(home: Path, shards: Shards | None) -> Path:
    """The file of a process."""
    return home / PROCESSES / f"{shards.first}.{ALIVE}" if shards else home / ALIVE


def ready_file(home: Path, shards: Shards) -> Path:
    """What a process makes that is ready to take these shards over."""
    return home / PROCESSES / f"{shards.first}.ready"


def forget_lives(home: Path) -> None:
    """Remove what processes have left that were killed, while none is there."""
    for file in _lives(home):
        file.unlink(missing_ok=True)


async def show_life(
    file: Path, connected: Callable[[], bool], *, interval_s: float = INTERVAL_S
) -> None:
    """Touch `file` while `connected()`, until cancelled; it is gone then."""
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
            file.unlink(missing_ok=True)  # noqa: ASYNC240 - at the very end, and never slow
        except OSError as error:
            log.warning("%s cannot be removed: %s", file, error.strerror)


def silence_s(home: Path, now_s: float) -> float | None:
    """Seconds since a bot in this home was last seen connected; None: there is no bot.

    Of several processes since the one that has not been seen for longest.

    `now_s` is in Unix seconds. Raises `OSError` where one may not look.
    """
    seen_at = []
    for file in _lives(home):
        try:
            seen_at.append(file.stat().st_mtime)
        except FileNotFoundError:
            continue  # it has ended meanwhile
    return max(0.0, now_s - min(seen_at)) if seen_at else None


def _lives(home: Path) -> list[Path]:
    return [home / ALIVE, *(home / PROCESSES).glob(f"*.{ALIVE}")]
