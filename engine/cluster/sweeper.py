"""`python -m engine.cluster.sweeper FOLDER`: removes an actor's folder once the actor has ended.

Leaves its parent at once, in a session of its own: Ray ends the processes that a worker started.
"""

import os
import sys
from pathlib import Path

from engine.cluster.keeping import wait_and_remove


def _main() -> None:
    if os.fork():
        return
    os.setsid()
    wait_and_remove(Path(sys.argv[1]))


if __name__ == "__main__":
    _main()
