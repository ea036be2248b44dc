"""Upstream's S3Gen at a reduced size on the CPU and, with `-m gpu`, at the real size on a GPU."""

import pytest
import torch

from engine.chatterbox.s3gen import WaveformDecoder
from engine.weights.sizes import SMALL, S3GenSizes
from tests.engine.chatterbox.s3gen.upstream_s3gen import Upstream


@pytest.fixture(
    scope="session",
    params=[
        pytest.param("cpu", id="cpu-reduced"),
        pytest.param("cuda", id="cuda-full", marks=pytest.mark.gpu),
    ],
)
def upstream(request: pytest.FixtureRequest) -> Upstream:
    """The reduced network on the CPU; the real size on a GPU."""
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    sizes = S3GenSizes() if request.param == "cuda" else SMALL.s3gen
    return Upstream.draw(sizes, torch.device(request.param))


@pytest.fixture(scope="session")
def decoder(upstream: Upstream) -> WaveformDecoder:
    """Ours in fp32, the parity mode."""
    return upstream.decoder()
