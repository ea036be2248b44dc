"""What the encoder keeps of distances, and its kernels beside plain torch."""

from itertools import pairwise

import pytest
import torch

from engine.chatterbox.s3gen import encoder
from engine.chatterbox.s3gen.encoder import encode, with_places
from engine.chatterbox.s3gen.kernels.cuda_encoder import WIDTH, CudaEncoderKernels
from engine.chatterbox.s3gen.kernels.reference import PlainEncoderKernels
from engine.chatterbox.s3gen.layout import Layout, Linear, read_checkpoint
from engine.chatterbox.s3gen.weights import load_encoder
from tests.engine.chatterbox.s3gen.upstream_s3gen import Upstream, relative_error

PLAIN = PlainEncoderKernels()


def test_distances_are_those_of_each_length(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer ones than are kept, too."""
    monkeypatch.setattr(encoder, "_PLACED_TOKENS", 16)
    tensors, sizes = read_checkpoint(upstream.state)
    weights = load_encoder(Layout(tensors, upstream.device), sizes)
    keeping = with_places(weights)
    for count in (1, 8, 16, 17):
        tokens = torch.arange(2 * count, device=upstream.device).view(2, count)
        lengths = torch.tensor([count, 1 + count // 2], device=upstream.device)
        expected = encode(PLAIN, weights, tokens, lengths)
        found = encode(PLAIN, keeping, tokens, lengths)
        for item, length in enumerate((2 * lengths).tolist()):
            assert relative_error(found[item, :length], expected[item, :length]) < 1e-5


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_kernels_grow_and_norm_as_plain_torch_does() -> None:
    device = torch.device("cuda")
    random = torch.Generator(device).manual_seed(1)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(shape, device=device, generator=random)

    kernels = CudaEncoderKernels(device)
    for count in (1, 3, 320, 1281):
        streams = [5 * normal(1, count, WIDTH) + 3] * 2
        streams[1] = streams[0].clone()
        biases: list[torch.Tensor | None] = [None, None]
        for width in (WIDTH, 4 * WIDTH):
            normed = [
                each.norm(stream, bias)
                for each, stream, bias in zip((kernels, PLAIN), streams, biases, strict=True)
            ]
            assert normed[0].dtype == torch.float16
            assert relative_error(normed[0], normed[1]) < 5e-4  # half a unit in the last place
            rows = normal(1, count, width).half()
            product = Linear((normal(WIDTH, width) / width**0.5).half(), normal(WIDTH).half())
            biases = [
                each.grow(stream, rows, product)
                for each, stream in zip((kernels, PLAIN), streams, strict=True)
            ]
        assert biases[0] is not None
        assert biases[1] is None
        streams[0] += biases[0]
        for ours, expected in pairwise(streams):
            assert relative_error(ours, expected) < 5e-4


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize(
    ("batch", "time"),
    # Few queries, with an odd number of rows and one alone; many, in more than one part.
    [(1, 1), (2, 33), (3, 97), (3, 320), (1, 640), (5, 1024)],
    ids=str,
)
def test_attention_is_that_of_plain_torch(batch: int, time: int) -> None:
    device = torch.device("cuda")
    random = torch.Generator(device).manual_seed(2)
    rows = torch.randn(batch, time, 4 * WIDTH, device=device, generator=random)
    rows[..., : 2 * WIDTH] /= 4
    places = torch.randn(2 * time, WIDTH, device=device, generator=random) / 2
    rows, places = rows.half(), places.half()
    lengths = torch.linspace(time / 2, time, batch, device=device).ceil().long()
    expected = PLAIN.attend(rows.float(), 8, places.float(), lengths)
    found = CudaEncoderKernels(device).attend(rows, 8, places, lengths)
    assert torch.isfinite(found).all()
    for item, length in enumerate(lengths.tolist()):
        assert relative_error(found[item, :length], expected[item, :length]) < 1e-3
