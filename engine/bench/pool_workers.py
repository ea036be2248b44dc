"""The workers that `engine.bench.pool` measures: child processes, or actors of a Ray cluster."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from engine.bench.cluster.head import ray_head
from engine.host import cluster
from engine.host.limits import QueueLimits
from engine.host.local import LocalExecutor
from engine.host.pool import WorkerPool
from engine.messages import EngineConfig

_LIMITS = QueueLimits(max_jobs=4096, heartbeat_timeout_s=120, step_timeout_s=300)
#: Where actors keep what they have of voices (`engine.cluster.keeping`).
_ACTORS_KEEP_IN = Path("/dev/shm")  # noqa: S108 - looked at, not written to
_OF_VOICES = ("clips", "conditionals")


@dataclass(frozen=True)
class Workers:
    """`start_first` makes an executor over the first so many of `count` workers.

    `processes` are those in which its speech is made, `kept` the files that there are of voices.
    """

    count: int
    start_first: Callable[[int], WorkerPool]
    processes: Callable[[WorkerPool], list[int]]
    kept: Callable[[], list[Path]]


def local_workers(config: EngineConfig, devices: Sequence[str]) -> Workers:
    """A child process on each of `devices`."""

    def start_first(count: int) -> WorkerPool:
        return LocalExecutor(
            config, devices=devices[:count], limits=_LIMITS, on_enrolled=lambda _: None
        )

    def processes(executor: WorkerPool) -> list[int]:
        return [pid for pid in executor.worker_pids if pid is not None]

    return Workers(len(devices), start_first, processes, lambda: _files_of_voices(config.home))


@contextmanager
def ray_workers(config: EngineConfig, devices: Sequence[str]) -> Iterator[Workers]:
    """An actor for each of `devices` on a cluster of this machine, which ends with the block.

    Ray itself gives each a card where the devices are cards, and its share of the processors.
    Raises `RuntimeError` where the cluster does not start.
    """
    on_cards = devices[0] != "cpu"
    threads = max(1, (os.cpu_count() or 1) // len(devices))
    config = replace(
        config, device="cuda" if on_cards else "cpu", workers=len(devices), threads=threads
    )
    cpus, gpus = threads * len(devices), len(devices) if on_cards else 0
    with ray_head(cpus=cpus, gpus=gpus) as head:

        def start_first(count: int) -> WorkerPool:
            return WorkerPool(
                cluster.places(config, head.address, head.variables)[:count],
                limits=cluster.limits_of(_LIMITS),
                on_enrolled=lambda _: None,
                restarts=cluster.RESTARTS,
            )

        def kept() -> list[Path]:
            homes = _ACTORS_KEEP_IN.glob("timbre-voices-*")
            return [path for home in homes for path in _files_of_voices(home)]

        yield Workers(len(devices), start_first, lambda _: head.actors(), kept)


def _files_of_voices(home: str | Path) -> list[Path]:
    folders = (Path(home) / name for name in _OF_VOICES)
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]
