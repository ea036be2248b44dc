"""Random Chatterbox checkpoints to test with, and homes for voices enrolled with them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.speech import ClonedVoice
from engine.weights.models import ENGLISH
from tests.checkpoints import random_checkpoint

if TYPE_CHECKING:
    from engine.enrolment.networks import EnrolmentNetworks
    from tests.engine.enrolment.enrolment_house import House


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """One thread is faster than two for networks this small, and sums are the same every time.

    Before each test, because libraries that others listen with set it for the whole process.
    """
    if "torch" in sys.modules:  # light lanes do without it; it begins with OMP_NUM_THREADS
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture(scope="session")
def small_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reduced model's folder. Shared: copy it before changing it."""
    folder = tmp_path_factory.mktemp("small-checkpoint")
    random_checkpoint(folder, seed=3, small=True, stop_after=20)
    return folder


@pytest.fixture
def cloned_voice(tmp_path: Path) -> ClonedVoice:
    """A voice of its own with a three-second clip."""
    from tests.engine.enrolment.enrolment_house import write_clip  # noqa: PLC0415 - needs torch

    return write_clip(tmp_path / "clip.wav", 140.0)


@pytest.fixture(scope="session")
def networks(small_checkpoint: Path) -> "EnrolmentNetworks":
    import torch  # noqa: PLC0415 - light lanes do without it

    from engine.enrolment.networks import EnrolmentNetworks  # noqa: PLC0415 - needs torch

    return EnrolmentNetworks.load(small_checkpoint, ENGLISH, torch.device("cpu"))


@pytest.fixture
def house(tmp_path: Path, networks: "EnrolmentNetworks") -> "House":
    from tests.engine.enrolment.enrolment_house import House  # noqa: PLC0415 - needs torch

    return House(tmp_path / "home", networks)
