"""How many workers there are, by what waits.

On a cluster a worker that finds no free card waits for one, and Ray's autoscaler brings the machine
that has it; what no worker is on, the autoscaler takes away again.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from engine.host.backlog import Backlog
from engine.host.seat import Seat

#: So many looks in a row find more to do than the workers take, before one is added: a burst that
#: is spoken in a moment is no reason.
_LOOKS_BEFORE_MORE = 3
#: So many find less to do, before one is let go: loading an engine again takes up to a minute, and
#: so does a machine.
_LOOKS_BEFORE_LESS = 300

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Scaling:
    """Between `least` and `most` workers. Counts looks, `every_s` seconds apart; reads no clock."""

    least: int
    most: int
    every_s: float = 1.0
    _too_few: int = 0
    _too_many: int = 0

    def look(self, jobs: int, streams: int, workers: int) -> int:
        """By how many `workers`, those that are still loading included, are to be changed.

        `jobs` are all that wait or are being spoken, `streams` what one worker takes at once. Asked
        for are as many as would take them all; of those that are too many, one at a time goes.
        """
        wanted = min(self.most, max(self.least, -(-jobs // streams)))
        self._too_few = self._too_few + 1 if wanted > workers else 0
        self._too_many = self._too_many + 1 if wanted < workers else 0
        if self._too_few >= _LOOKS_BEFORE_MORE:
            self._too_few = 0
            return wanted - workers
        if self._too_many >= _LOOKS_BEFORE_LESS:
            self._too_many = 0
            return -1
        return 0


async def keep_to(scaling: Scaling, seats: Sequence[Seat], backlog: Backlog) -> NoReturn:
    """Begin workers where there are too few, and let those go that nothing is asked of."""
    while True:
        await asyncio.sleep(scaling.every_s)
        try:
            await _look(scaling, seats, backlog)
        except Exception:
            log.exception("the number of speech workers could not be changed")


async def _look(scaling: Scaling, seats: Sequence[Seat], backlog: Backlog) -> None:
    awake = [seat for seat in seats if not seat.resting]
    streams = max(seat.streams for seat in awake)
    if streams == 0:
        return  # none speaks yet, or any more: others would not either
    change = scaling.look(backlog.queued + backlog.running, streams, len(awake))
    for seat in [seat for seat in seats if seat.resting][: max(0, change)]:
        seat.begin("starting")
    idle = [seat for seat in awake if not backlog.running_on(seat.number)]
    if change < 0 and idle:
        await idle[-1].rest()
