"""Random Chatterbox checkpoints to test with, and homes for voices enrolled with them."""

from pathlib import Path

import pytest
import torch

from engine.enrolment.networks import EnrolmentNetworks
from engine.speech import ClonedVoice
from engine.upstream.random_weights import write_random_checkpoint
from engine.weights.models import ENGLISH
from tests.engine.enrolment.enrolment_house import House, write_clip


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """One thread is faster than two for networks this small, and sums are the same every time.

    Before each test, because libraries that others listen with set it for the whole process.
    """
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def small_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reduced model's folder. Shared: copy it before changing it."""
    folder = tmp_path_factory.mktemp("small-checkpoint")
    write_random_checkpoint(folder, seed=3, small=True, stop_after=20)
    return folder


@pytest.fixture
def cloned_voice(tmp_path: Path) -> ClonedVoice:
    """A voice of its own with a three-second clip."""
    return write_clip(tmp_path / "clip.wav", 140.0)


@pytest.fixture(scope="session")
def networks(small_checkpoint: Path) -> EnrolmentNetworks:
    return EnrolmentNetworks.load(small_checkpoint, ENGLISH, torch.device("cpu"))


@pytest.fixture
def house(tmp_path: Path, networks: EnrolmentNetworks) -> House:
    return House(tmp_path / "home", networks)
