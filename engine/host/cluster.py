"""Workers on a Ray cluster: what they are started with. Nothing here, nor in the bot, imports Ray.

Each has a relay, a child process that looks like a worker (`engine.cluster.relay`).
"""

import hashlib
import re
import socket
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from engine.host.limits import QueueLimits
from engine.host.restarts import RestartPolicy
from engine.host.scaling import Scaling
from engine.host.seat import WorkerPlace
from engine.messages import EngineConfig

#: Beats come once a second. A machine that stands still is given up after so long.
_HEARTBEAT_TIMEOUT_S = 4.0
#: How long speech is refused at once after the cluster was found to be away.
RESTARTS = RestartPolicy(unavailable_pause_s=10.0)


class ExecutorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where speech is made: in processes of this machine, or by actors of a Ray cluster."""

    executor: Annotated[Literal["local", "ray"], "TIMBRE_EXECUTOR"] = "local"
    ray_address: Annotated[str | None, "TIMBRE_RAY_ADDRESS"] = None
    ray_workers_max: Annotated[int, msgspec.Meta(ge=0, le=64), "TIMBRE_RAY_WORKERS_MAX"] = 0

    def __post_init__(self) -> None:
        found = re.fullmatch(r"[^\s/@]+:([0-9]{1,5})", self.ray_address or "head:6379")
        if found is None or not 1 <= int(found[1]) <= 65_535:
            raise ValueError(
                "TIMBRE_RAY_ADDRESS has to be the address and port of the head, such as "
                "10.0.0.1:6379"
            )
        if self.executor == "ray" and self.ray_address is None:
            raise ValueError("TIMBRE_EXECUTOR=ray needs TIMBRE_RAY_ADDRESS")

    @property
    def cluster(self) -> str | None:
        """The address of the cluster that speech is made on; None where it is made here."""
        return self.ray_address if self.executor == "ray" else None


def limits_of(limits: QueueLimits) -> QueueLimits:
    """The queue's limits, with the cluster's patience."""
    return msgspec.structs.replace(limits, heartbeat_timeout_s=_HEARTBEAT_TIMEOUT_S)


def scaling_of(config: EngineConfig, workers_max: int) -> Scaling | None:
    """From `config.workers` to `workers_max`; None where that is no more: all are always there."""
    return Scaling(config.workers, workers_max) if workers_max > config.workers else None


def places(
    config: EngineConfig, address: str, environment: Mapping[str, str], workers_max: int = 0
) -> list[WorkerPlace]:
    """A place for each of `config.workers`, and more up to `workers_max`.

    Their names in the cluster are those of this home. `environment` is all that a relay is told.
    """
    home = f"{socket.gethostname()} {Path(config.home).resolve()}"
    name = hashlib.sha256(home.encode()).hexdigest()[:16]
    holder = uuid.uuid4().hex
    relay = (sys.executable, "-m", "engine.cluster", address)
    # Paths of this machine mean nothing on another; what is named in the settings is there as well.
    config = msgspec.structs.replace(config, home="", gpus=None)
    return [
        WorkerPlace(
            name=f"cluster {number}",
            command=(*relay, f"{name}-{number}", holder),
            environment=environment,
            config=config,
        )
        for number in range(max(config.workers, workers_max))
    ]
