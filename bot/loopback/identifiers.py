"""Snowflakes: Discord's 64-bit identifiers, which carry the time of their making."""

import datetime as dt
import time

_EPOCH_MS = 1_420_070_400_000


class Identifiers:
    """Hands out identifiers, each larger than those before."""

    def __init__(self) -> None:
        self._last_ms = 0
        # Guilds are a little older than all else and a millisecond apart: so they take turns on
        # the shards, however many there are.
        self._last_guild_ms = _now_ms() - 10**6

    def next(self) -> int:
        """For anything but a guild."""
        self._last_ms = max(self._last_ms + 1, _now_ms())
        return self._last_ms << 22

    def next_guild(self) -> int:
        self._last_guild_ms += 1
        return self._last_guild_ms << 22


def _now_ms() -> int:
    return int(time.time() * 1000) - _EPOCH_MS


def timestamp() -> str:
    return dt.datetime.now(dt.UTC).isoformat()
