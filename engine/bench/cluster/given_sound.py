"""A worker that has its sound at once: what is left of a request's time is the way.

The sound is noise: it is carried, not heard.
"""

from collections.abc import Callable

import numpy as np

from engine.cluster.actor import NodeWorker
from engine.messages import EngineConfig, Speak, WorkerReport
from engine.protocol import Engine
from engine.speech import EngineInfo, Speech
from engine.worker.serial import SerialEngine

SAMPLE_RATE = 24_000
#: As long as a first chunk: 225 KiB of float32.
SECONDS = 2.4


class GivenSound:
    """An `engine.worker.serial.OneAtATime`."""

    info = EngineInfo(
        name="given",
        model="given sound",
        revision="1",
        version="1",
        sample_rate=SAMPLE_RATE,
        device="cpu",
        precision="fp32",
        reason="The way is measured, not the engine.",
        stock_voices=(),
        clones_voices=False,
    )

    def __init__(self) -> None:
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, round(SECONDS * SAMPLE_RATE))
        self._pcm = noise.astype(np.float32)

    def synthesise(self, _job: Speak, _cancelled: Callable[[], bool]) -> Speech:
        return Speech(pcm=self._pcm, sample_rate=SAMPLE_RATE)

    def forget(self, _identity: str) -> None:
        """Nothing is kept of a voice."""


def load(config: EngineConfig, report: Callable[[WorkerReport], None]) -> Engine:  # noqa: ARG001
    return SerialEngine(GivenSound())


class GivenSoundWorker(NodeWorker):
    """The actor of one."""

    load = staticmethod(load)
