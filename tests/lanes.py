"""How a whole run is spread over processes: what waits for the clock beside what needs the cores.

Only the process that hands out the files imports this.
"""

import os

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests.conftest import is_timed

TIMED_LANES = 2
#: A lane that has loaded every engine takes about a gigabyte.
MOST_LANES = 8


def lanes() -> int:
    """How many processes a whole run is spread over: one for each core, and the timed ones."""
    return min(MOST_LANES, TIMED_LANES + (os.cpu_count() or 1))


class Lanes(LoadScopeScheduling):
    """Hands out whole files, each kind to its own lanes; at the end a timed lane takes any."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        timed_lane = int(node.gateway.id.removeprefix("gw")) < TIMED_LANES
        scopes = sorted(self.workqueue, key=lambda scope: is_timed(scope) != timed_lane)
        if not scopes or (is_timed(scopes[0]) and not timed_lane):
            node.shutdown()
            return
        self.workqueue.move_to_end(scopes[0], last=False)
        super()._assign_work_unit(node)
