"""Our own Chatterbox, reduced, in a worker process of its own, as the Discord process has it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from engine.host.limits import QueueLimits
from engine.host.local import LocalExecutor
from engine.messages import EngineConfig, Enrolled
from engine.speech import ClonedVoice, SpeechRequest
from tests.engine.scripted_executor import until


@pytest.fixture
def enrolled() -> list[Enrolled]:
    return []


@pytest.fixture
async def executor(
    small_checkpoint: Path, tmp_path: Path, enrolled: list[Enrolled]
) -> AsyncIterator[LocalExecutor]:
    files = {"home": str(tmp_path), "weights": str(small_checkpoint)}
    config = EngineConfig(engine="chatterbox", device="cpu", threads=1, **files)
    limits = QueueLimits(heartbeat_timeout_s=60, step_timeout_s=90)
    executor = LocalExecutor(config, limits=limits, on_enrolled=enrolled.append)
    await executor.start()
    yield executor
    await executor.close()


async def test_it_speaks_in_a_voice_that_it_enrols_once_and_after_a_cancelled_job(
    executor: LocalExecutor, tmp_path: Path, enrolled: list[Enrolled], cloned_voice: ClonedVoice
) -> None:
    assert (await executor.engine_info()).revision == "random-small-seed-3-stop-20"
    request = SpeechRequest(text="Hello there.", voice=cloned_voice)
    first = await executor.synthesise(request)
    (report,) = enrolled
    assert (tmp_path / report.path).stat().st_size == report.size_bytes
    assert 0.03 < np.sqrt(np.mean(first.pcm**2)) < 0.3
    long = SpeechRequest(text="A long sentence whose listener has gone.")
    given_up = asyncio.create_task(executor.synthesise(long))
    await until(lambda: executor.status().running)
    given_up.cancel()
    assert np.array_equal((await executor.synthesise(request)).pcm, first.pcm)
    assert given_up.cancelled()
    assert executor.status().running == 0
    assert enrolled == [report]
