"""What `doctor` shows of the cluster: its machines, cards and processors."""

import sys

import msgspec

from engine.cluster.joining import join
from engine.errors import WorkerUnavailable


def check(address: str) -> None:
    """Print one JSON array of checks, as `engine.worker.checks` does, and nothing else."""
    try:
        ray = join(address)
        nodes = [node for node in ray.nodes() if node["Alive"]]
        all_of_them, free = ray.cluster_resources(), ray.available_resources()
        found = ", ".join(
            f"{free.get(kind, 0):g} of {all_of_them.get(kind, 0):g} {kind}s free"
            for kind in ("GPU", "CPU")
        )
        state, detail = "ok", f"Ray {ray.__version__} at {address}: {len(nodes)} machines, {found}"
        ray.shutdown()
    except WorkerUnavailable as error:
        state, detail = "error", str(error)
    result = [{"name": "cluster", "state": state, "detail": detail}]
    sys.stdout.buffer.write(msgspec.json.encode(result))
