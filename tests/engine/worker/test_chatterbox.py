"""Our own Chatterbox, reduced, in a worker process of its own, as the Discord process has it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from engine.host.limits import QueueLimits
from engine.host.local import LocalExecutor
from engine.messages import EngineConfig, Enrolled
from engine.speech import ClonedVoice, SpeechRequest
from engine.upstream.random_weights import write_random_checkpoint
from engine.weights.models import MODELS
from tests.engine.scripted_executor import until


@pytest.fixture
def enrolled() -> list[Enrolled]:
    return []


@pytest.fixture
async def executor(
    small_checkpoint: Path, tmp_path: Path, enrolled: list[Enrolled]
) -> AsyncIterator[LocalExecutor]:
    weights = tmp_path / "weights"
    write_random_checkpoint(weights / "nano", MODELS["nano"], seed=3, small=True, calibrated=False)
    (weights / "english").symlink_to(small_checkpoint, target_is_directory=True)
    files = {"home": str(tmp_path), "weights": str(weights)}
    config = EngineConfig(model="english,nano", device="cpu", threads=1, **files)
    limits = QueueLimits(heartbeat_timeout_s=60, step_timeout_s=90)
    executor = LocalExecutor(config, limits=limits, on_enrolled=enrolled.append)
    await executor.start()
    yield executor
    await executor.close()


async def test_it_speaks_in_a_voice_that_it_enrols_once_and_after_a_cancelled_job(
    executor: LocalExecutor, tmp_path: Path, enrolled: list[Enrolled], cloned_voice: ClonedVoice
) -> None:
    info = await executor.engine_info()
    assert info.models == ("chatterbox-english", "chatterbox-nano")
    assert info.revision == "random-small-seed-3-stop-20"
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
    others = [replace(request, model=model) for model in ("chatterbox-nano", "chatterbox-gone")]
    nano, first_again = await asyncio.gather(*map(executor.synthesise, others))
    assert np.array_equal(first_again.pcm, first.pcm)
    assert len(nano.pcm)
    assert len(enrolled) == 2  # Nano hears more of a clip
