"""Where networks are compared with upstream's: reduced on the CPU, real with `-m gpu` on a GPU."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.chatterbox.s3gen import WaveformDecoder
from engine.weights.models import MODELS
from engine.weights.sizes import SMALL, S3GenSizes, T3Sizes
from tests.checkpoints import random_checkpoint
from tests.engine.chatterbox.s3gen.upstream_s3gen import Upstream
from tests.engine.chatterbox.t3.t3_checkpoint import Checkpoint, make_checkpoint


@pytest.fixture(
    scope="session",
    params=[
        pytest.param("cpu", id="cpu-reduced"),
        pytest.param("cuda", id="cuda-full", marks=pytest.mark.gpu),
    ],
)
def device(request: pytest.FixtureRequest) -> torch.device:
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    return torch.device(request.param)


@pytest.fixture(scope="session")
def checkpoint(device: torch.device, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    sizes = T3Sizes() if device.type == "cuda" else SMALL.t3
    return make_checkpoint(tmp_path_factory.mktemp("t3"), sizes, device)


@pytest.fixture(scope="session")
def upstream(device: torch.device) -> Upstream:
    return Upstream.draw(S3GenSizes() if device.type == "cuda" else SMALL.s3gen, device)


@pytest.fixture(scope="session")
def distilled(device: torch.device) -> Upstream:
    """Turbo's and Nano's, whose flow is a mean flow."""
    sizes = S3GenSizes() if device.type == "cuda" else SMALL.s3gen
    return Upstream.draw(replace(sizes, meanflow=True), device)


@pytest.fixture(scope="session")
def decoder(upstream: Upstream) -> WaveformDecoder:
    """Ours in fp32, the parity mode."""
    return upstream.decoder()


@pytest.fixture(scope="session")
def multilingual_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reduced model's folder. Shared: copy it before changing it."""
    folder = tmp_path_factory.mktemp("multilingual-checkpoint")
    random_checkpoint(folder, MODELS["multilingual"], seed=3, small=True, stop_after=20)
    return folder


@pytest.fixture
def cuda(device: torch.device) -> None:
    """Skips a test's run on the CPU."""
    if device.type != "cuda":
        pytest.skip("it is about CUDA")
