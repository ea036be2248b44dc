"""Upstream's S3Gen, and ours on the same weights."""

import pytest
import torch

from engine.chatterbox.s3gen import WaveformDecoder
from engine.weights.sizes import SMALL, S3GenSizes
from tests.engine.chatterbox.s3gen.upstream_s3gen import Upstream


@pytest.fixture(scope="session")
def upstream(device: torch.device) -> Upstream:
    return Upstream.draw(S3GenSizes() if device.type == "cuda" else SMALL.s3gen, device)


@pytest.fixture(scope="session")
def decoder(upstream: Upstream) -> WaveformDecoder:
    """Ours in fp32, the parity mode."""
    return upstream.decoder()
