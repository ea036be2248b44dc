"""Snowflakes: Discord's 64-bit identifiers, which carry the time of their making."""

import datetime as dt
import time

_EPOCH_MS = 1_420_070_400_000


class Identifiers:
    """Hands out identifiers. No two share a millisecond, so guilds spread evenly over shards."""

    def __init__(self) -> None:
        self._last_ms = 0

    def next(self) -> int:
        """A new identifier, larger than all before."""
        self._last_ms = max(self._last_ms + 1, int(time.time() * 1000) - _EPOCH_MS)
        return self._last_ms << 22


def timestamp() -> str:
    """Now, as Discord writes it."""
    return dt.datetime.now(dt.UTC).isoformat()
