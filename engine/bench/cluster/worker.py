"""`python -m engine.bench.cluster.worker`: a worker of given sound, on pipes.

With ADDRESS NAME HOLDER it is the relay of one on a cluster.
"""

import sys

from engine.worker.pipes import claim

if __name__ == "__main__":
    PIPES = claim()

from engine.bench.cluster.given_sound import GivenSoundWorker, load
from engine.cluster import relay
from engine.worker import loop

if __name__ == "__main__":
    if len(sys.argv) == 1:
        loop.run(load, *PIPES)
    relay.run(*PIPES, *sys.argv[1:4], actor=GivenSoundWorker)
