"""Ray's own autoscaler, on machines that it pretends to have: they come and go with the backlog."""

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.bench.cluster.head import ray_head
from engine.host import cluster
from engine.host.limits import QueueLimits
from engine.host.pool import WorkerPool
from engine.host.scaling import Scaling
from engine.messages import EngineConfig
from engine.speech import SpeechParameters, SpeechRequest
from tests.waiting import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None,
        reason="Ray is not installed: pip install ray==2.60.0 installs it",
    ),
]


def _machines(address: str, variables: dict[str, str]) -> int:
    """How many there are beside the head, as `doctor` finds out."""
    check = [sys.executable, "-m", "engine.cluster", "--check", address]
    told = subprocess.run(check, env={**os.environ, **variables}, capture_output=True, check=True)
    (found,) = json.loads(told.stdout)
    return int(found["detail"].partition(": ")[2].split()[0]) - 1


async def test_machines_come_with_the_backlog_and_go_with_it(tmp_path: Path) -> None:
    config = EngineConfig(engine="stock", home=str(tmp_path), threads=1)
    with ray_head(cpus=0, machines_max=2) as head:
        address, variables = head.address, head.variables
        assert _machines(address, variables) == 0
        executor = WorkerPool(
            cluster.places(config, address, os.environ | variables, workers_max=2),
            limits=cluster.limits_of(QueueLimits()),
            on_enrolled=lambda _: None,
            restarts=cluster.RESTARTS,
            scaling=Scaling(1, 2, every_s=0.05),
        )
        await executor.start()

        def ready() -> int:
            return [worker.state for worker in executor.status().workers].count("ready")

        async def keep_asking(number: int) -> None:
            seed = number
            while ready() < 2:
                seed += 100
                parameters = SpeechParameters(seed=seed)
                line = "This is a line that takes a while to be spoken."
                await executor.synthesise(SpeechRequest(text=line, parameters=parameters))

        try:
            await until(lambda: ready() == 1, 240)
            assert _machines(address, variables) == 1
            async with asyncio.timeout(240):
                await asyncio.gather(*(keep_asking(number) for number in range(4)))
            assert _machines(address, variables) == 2
            await until(lambda: len(executor.status().workers) == 1, 240)
            await until(lambda: _machines(address, variables) == 1, 240)
        finally:
            await executor.close()
