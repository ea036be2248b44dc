"""Our own Chatterbox, reduced, in a worker process of its own, as the Discord process has it."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from engine.errors import VoiceUnusable, WorkerUnavailable
from engine.host.limits import QueueLimits
from engine.host.local import LocalExecutor
from engine.messages import EngineConfig, Enrolled
from engine.speech import ClonedVoice, SpeechRequest
from tests.engine.scripted_executor import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def chatterbox(
    weights: Path, home: Path, enrolled: list[Enrolled]
) -> AsyncGenerator[LocalExecutor, None]:
    """An executor whose worker loads these weights on the CPU."""
    config = EngineConfig(
        engine="chatterbox", home=str(home), weights=str(weights), device="cpu", threads=1
    )
    executor = LocalExecutor(
        config,
        limits=QueueLimits(max_jobs=10, heartbeat_timeout_s=60, step_timeout_s=90),
        on_enrolled=enrolled.append,
    )
    await executor.start()
    try:
        yield executor
    finally:
        await executor.close()


@pytest.fixture(scope="module")
def enrolled() -> list[Enrolled]:
    return []


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def executor(
    small_checkpoint: Path, home: Path, enrolled: list[Enrolled]
) -> AsyncIterator[LocalExecutor]:
    async with chatterbox(small_checkpoint, home, enrolled) as running:
        assert (await running.engine_info()).revision == "random-small-seed-3-stop-20"
        yield running


async def test_it_speaks_and_reports_an_enrolled_voice(
    executor: LocalExecutor, home: Path, enrolled: list[Enrolled], cloned_voice: ClonedVoice
) -> None:
    request = SpeechRequest(text="Hello there.", voice=cloned_voice)
    first = await executor.synthesise(request)
    (report,) = enrolled
    assert (home / report.path).stat().st_size == report.size_bytes
    assert 0.03 < np.sqrt(np.mean(first.pcm**2)) < 0.3
    assert np.array_equal((await executor.synthesise(request)).pcm, first.pcm)
    assert enrolled == [report]


async def test_a_cancelled_job_frees_its_place_and_the_next_one_is_spoken(
    executor: LocalExecutor,
) -> None:
    request = SpeechRequest(text="A long sentence whose listener has gone.")
    given_up = asyncio.create_task(executor.synthesise(request))
    await until(lambda: executor.status().running)
    given_up.cancel()
    assert len((await executor.synthesise(SpeechRequest(text="Hello there."))).pcm)
    assert given_up.cancelled()
    assert executor.status().running == 0


async def test_a_voice_whose_clip_is_gone_fails_in_words(
    executor: LocalExecutor, tmp_path: Path
) -> None:
    voice = ClonedVoice("0" * 64, str(tmp_path / "gone.wav"))
    with pytest.raises(VoiceUnusable) as refusal:
        await executor.synthesise(SpeechRequest(text="Hello there.", voice=voice))
    assert str(tmp_path) not in str(refusal.value)


async def test_a_truncated_checkpoint_is_one_sentence(
    small_checkpoint: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(small_checkpoint, tmp_path / "weights")
    cut = folder / "s3gen.safetensors"
    cut.write_bytes(cut.read_bytes()[:-100])
    async with chatterbox(folder, tmp_path, []) as executor:
        with pytest.raises(WorkerUnavailable, match=r"s3gen\.safetensors is cut off"):
            await executor.engine_info()
