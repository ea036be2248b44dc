"""Counts what became of pieces of text, for statistics."""

import asyncio
from collections.abc import Callable

from bot.base.metrics import Metrics
from bot.speech.audio.clip import Clip
from bot.speech.audio.opus import PACKET_MS


def counting(metrics: Metrics) -> Callable[[asyncio.Task[Clip]], None]:
    """What notes a clip that is done, or failed; one that was given up is neither."""

    def note(task: asyncio.Task[Clip]) -> None:
        if task.cancelled():
            return
        # Asked for in any case: of a saying that was given up, nobody is left to be told.
        if task.exception():
            metrics.failures += 1
        else:
            metrics.sound_ms += len(task.result().packets) * PACKET_MS

    return note
