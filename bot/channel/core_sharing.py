"""When threads share a core: while many servers are sent to, and that does not make packets late.

It does where other programs want the same core.
"""

import logging
from collections.abc import Callable

from engine import cores

#: From so many servers on threads share a core, until there are half as many again: with fewer
#: nothing is gained.
FROM_SERVERS = 40

#: Where in each of so many windows so large a share of the packets is late, threads stop sharing
#: for a while. Once does not count: 40 ms in which nothing ran are enough for that, and where
#: hundreds are spoken to, all cores cost so much more that the process would not catch up.
WINDOW_S, LATE_SHARE, LATE_WINDOWS, PAUSE_S = 2.0, 0.02, 2, 120.0

log = logging.getLogger(__name__)


class CoreSharing:
    """Decides it for one process. `share` and `spread` act on its threads."""

    def __init__(
        self,
        share: Callable[[], object] = cores.share,
        spread: Callable[[], object] = cores.spread,
    ) -> None:
        self._share = share
        self._spread = spread
        self._sharing = False
        self._not_before_s = 0.0
        self._window = 0.0, 0, 0
        self._late_windows = 0

    def look(self, servers: int, *, packets: int, late: int, now_s: float) -> None:
        """Choose anew. `packets` and those `late` are counted from the start of the process."""
        began_s, packets_before, late_before = self._window
        if now_s - began_s >= WINDOW_S:
            self._window = now_s, packets, late
            was_late = late - late_before > LATE_SHARE * (packets - packets_before)
            self._late_windows = self._late_windows + 1 if was_late else 0
            if self._sharing and self._late_windows >= LATE_WINDOWS:
                log.info("packets are late, so threads use all cores")
                self._stop()
                self._not_before_s = now_s + PAUSE_S
        if not self._sharing and servers >= FROM_SERVERS and now_s >= self._not_before_s:
            self._sharing = True
            self._late_windows = 0
            self._window = now_s, packets, late
            self._share()
        elif self._sharing and servers < FROM_SERVERS // 2:
            self._stop()

    def _stop(self) -> None:
        self._sharing = False
        self._spread()
