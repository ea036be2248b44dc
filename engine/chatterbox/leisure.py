"""What an engine does while nobody asks it for anything, lest somebody wait for it later."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable

from engine.failures import is_device_fault, is_out_of_memory, log_without_values

#: After so long without a job it begins.
_LEISURE_S = 1.0

_log = logging.getLogger(__name__)


class Leisure:
    """Pieces of work, each of parts of a second, by a clock that counts seconds."""

    def __init__(
        self,
        pieces: Iterable[Callable[[], object]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pieces, self._clock = deque(pieces), clock
        self._idle_since: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to do any more."""
        return not self._pieces

    def disturb(self) -> None:
        """Somebody asked for something, be it of another model of this process."""
        self._idle_since = None

    def work(self) -> float:
        """A piece, once nobody has asked for a while; the seconds until there is more to do.

        Raises what the device's failure raises: any other ends the work and no more, as nobody
        asked for it.
        """
        if self._idle_since is None:
            self._idle_since = self._clock()
        if (left_s := self._idle_since + _LEISURE_S - self._clock()) > 0:
            return left_s
        try:
            self._pieces.popleft()()
        except Exception as error:
            if is_device_fault(error):
                raise
            self._pieces.clear()
            if is_out_of_memory(error):
                _log.info("memory is short: what is rarely needed is prepared when it is")
            else:
                log_without_values("what is rarely needed could not be prepared", error)
        return 0.0
