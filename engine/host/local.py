"""Speech from worker processes on this machine: which there are, and on which device each."""

import asyncio
import logging
import os
import random
import re
import sys
from collections.abc import Callable, Mapping, Sequence

import msgspec

from engine.device import card_environment
from engine.host.limits import QueueLimits
from engine.host.pool import WorkerPool
from engine.host.restarts import RestartPolicy
from engine.host.seat import WorkerPlace
from engine.host.worker_process import ROOT, worker_command
from engine.messages import EngineConfig, Enrolled

#: How long counting the cards may take: the driver wakes up first.
_COUNT_TIMEOUT_S = 30.0

log = logging.getLogger(__name__)


class LocalExecutor(WorkerPool):
    """A `WorkerPool` over child processes of this machine, one for each of `devices`."""

    def __init__(
        self,
        config: EngineConfig,
        *,
        limits: QueueLimits,
        on_enrolled: Callable[[Enrolled], None],
        devices: Sequence[str] | None = None,
        command: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        restarts: RestartPolicy | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """As `WorkerPool`. `devices` are as `devices_of` finds them, one for each worker.

        `command` and `environment` start another worker than this interpreter's with this process's
        variables.
        """
        super().__init__(
            places(
                config,
                devices or [config.device] * config.workers,
                command or worker_command(),
                os.environ if environment is None else environment,
            ),
            limits=limits,
            on_enrolled=on_enrolled,
            restarts=restarts,
            chance=chance,
        )

    @property
    def worker_pid(self) -> int | None:
        """The first worker's process."""
        return self.worker_pids[0]


def places(
    config: EngineConfig,
    devices: Sequence[str],
    command: Sequence[str],
    environment: Mapping[str, str],
) -> list[WorkerPlace]:
    """A place for each of `devices`. Several workers share the processors that nobody divided."""
    threads = config.threads
    if threads == 0 and len(devices) > 1:
        threads = max(1, _processors() // len(devices))
    return [
        WorkerPlace(
            name=device,
            command=command,
            environment={**environment, **card_environment(device, environment)},
            config=msgspec.structs.replace(config, device=device, gpus=None, threads=threads),
        )
        for device in devices
    ]


async def devices_of(
    config: EngineConfig, python: str | os.PathLike[str] | None, environment: Mapping[str, str]
) -> list[str]:
    """The device of each worker, by the settings; a card has several where they say so.

    "all" cards are counted by a process of `python`: the driver takes its time to wake up. Without
    any, there are workers as if no cards had been named.
    """
    cards: Sequence[str] = re.findall("[0-9]+", config.gpus or "")
    if config.gpus == "all":
        cards = [str(number) for number in range(await _count_cards(python, environment))]
    devices = [f"cuda:{number}" for number in cards] or [config.device]
    return [device for device in devices for _ in range(config.workers)]


async def _count_cards(
    python: str | os.PathLike[str] | None, environment: Mapping[str, str]
) -> int:
    """0 where they cannot be counted: the worker itself then says what is wrong."""
    count = "from engine.device import count_cards; print(count_cards())"
    try:
        process = await asyncio.create_subprocess_exec(
            os.fspath(python) if python else sys.executable,
            "-c",
            count,
            cwd=ROOT,
            env={**environment, "PYTHONPATH": str(ROOT)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        log.warning("the cards cannot be counted: %s", error)
        return 0
    try:
        async with asyncio.timeout(_COUNT_TIMEOUT_S):
            out, _ = await process.communicate()
    except TimeoutError:
        log.warning("the driver did not count the cards within %g s", _COUNT_TIMEOUT_S)
        return 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return int(out) if out.strip().isdigit() else 0


def _processors() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
