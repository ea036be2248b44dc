"""`python -m bot doctor --health`: whether the bot that runs in this home is connected to Discord.

For containers and watchdogs, which ask often: looks at one file and imports next to nothing.
"""

import sys
import time

from bot.base.health import PATIENCE_S, silence_s
from bot.settings import Settings


def health(settings: Settings) -> int:
    """Print one sentence. Returns 0 if the bot is connected, else 1."""
    try:
        silent_s = silence_s(settings.home, time.time())
    except OSError as error:
        print(f"timbre: {settings.home} cannot be read: {error.strerror}", file=sys.stderr)
        return 1
    if silent_s is None:
        print(f"timbre: no bot is connected to Discord in {settings.home}", file=sys.stderr)
        return 1
    if silent_s > PATIENCE_S:
        print(f"timbre: not connected to Discord for {silent_s:.0f} s", file=sys.stderr)
        return 1
    print("Connected to Discord.")
    return 0
