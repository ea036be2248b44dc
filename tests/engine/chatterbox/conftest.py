"""Upstream's T3 at a reduced size on the CPU and, with `-m gpu`, at the real size on a GPU."""

import pytest
import torch

from engine.weights.sizes import SMALL, T3Sizes
from tests.engine.chatterbox.t3.t3_checkpoint import Checkpoint, make_checkpoint


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(("cpu", "reduced"), id="cpu-reduced"),
        pytest.param(("cuda", "full"), id="cuda-full", marks=pytest.mark.gpu),
    ],
)
def checkpoint(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Checkpoint:
    """The reduced network on the CPU; the real size on a GPU."""
    device, size = request.param
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    sizes = T3Sizes() if size == "full" else SMALL.t3
    return make_checkpoint(tmp_path_factory.mktemp("t3"), sizes, torch.device(device))
