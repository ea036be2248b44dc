"""CUDA C++ and Triton against plain torch, in half precision on a GPU."""

from functools import cache

import pytest
import torch
from torch import Tensor

from engine.chatterbox.cuda.trial import triton_runs
from engine.chatterbox.s3gen.kernels import S3GenKernels
from engine.chatterbox.s3gen.kernels.cuda import CudaS3GenKernels
from engine.chatterbox.s3gen.kernels.reference import ReferenceS3GenKernels
from engine.chatterbox.s3gen.layout import Linear
from engine.chatterbox.s3gen.weights import EstimatorBlock, NormedConv, TransformerLayer
from tests.engine.chatterbox.s3gen.upstream_s3gen import relative_error

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
    pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=["bf16", "fp16"]),
    pytest.mark.parametrize(
        ("batch", "time", "width"),
        [
            *[(3, 130, 64), (1, 1, 256), (3, 130, 256)],
            # Few on Hopper: attention in three parts, in two and whole, queries in two forms.
            *[(2, 640, 256), (2, 768, 256), (2, 1024, 256)],
            # Many rows on Hopper: whole rounds and half of one, and one block of rows over.
            *[(9, 1024, 256), (17, 1024, 256), (19, 704, 256)],
        ],
        ids=str,
    ),
    pytest.mark.parametrize("form", ["cuda", "as elsewhere", "triton"]),
]
REFERENCE = ReferenceS3GenKernels()


@cache
def loaded(form: str, dtype: torch.dtype) -> S3GenKernels:
    device = torch.device("cuda")
    if form != "triton":
        return CudaS3GenKernels(device, dtype, as_elsewhere=form == "as elsewhere")
    if not triton_runs(device):
        pytest.skip("Triton does not run here")
    from engine.chatterbox.s3gen.kernels.fused import FusedS3GenKernels  # noqa: PLC0415 - Triton

    return FusedS3GenKernels(device, dtype)


def fused(form: str, dtype: torch.dtype) -> tuple[S3GenKernels, float]:
    """The kernels and how far they may be off: two units in the last place."""
    return loaded(form, dtype), 4 * torch.finfo(dtype).eps


def normal(*shape: int) -> Tensor:
    return torch.randn(shape, device="cuda", generator=torch.Generator("cuda").manual_seed(1))


def linear(outputs: int, inputs: int, dtype: torch.dtype) -> Linear:
    return Linear((normal(outputs, inputs) / inputs**0.5).to(dtype), normal(outputs).to(dtype))


def layers_of(width: int, dtype: torch.dtype) -> tuple[TransformerLayer, ...]:
    inner, feed = 2 * width, 4 * width
    return tuple(
        TransformerLayer(
            ahead=normal(width) * scale,
            qkv=linear(3 * inner, width, dtype),
            out=linear(width, inner, dtype).weight,
            feed_ahead=normal(width) * scale,
            feed_in=linear(feed, width, dtype),
            feed_out=linear(width, feed, dtype).weight,
        )
        for scale in (1.0, -0.5)
    )


def block_of(
    channels: int, width: int, dtype: torch.dtype, layers: tuple[TransformerLayer, ...] = ()
) -> EstimatorBlock:
    return EstimatorBlock(
        heads=2 * width // 64,
        first=NormedConv(linear(width, 3 * channels, dtype), normal(width), normal(width)),
        time=normal(3, width),
        second=NormedConv(linear(width, 3 * width, dtype), normal(width), normal(width)),
        shortcut=linear(width, channels, dtype),
        layer_biases=normal(width),
        layers=layers,
    )


def test_layers_grow_the_stream(
    batch: int, time: int, width: int, dtype: torch.dtype, form: str
) -> None:
    kernels, tolerance = fused(form, dtype)
    layers = layers_of(width, dtype)
    lengths = torch.linspace(1, time, batch, device="cuda").long()
    used = torch.arange(time, device="cuda") < lengths[:, None]
    ours, expected = normal(batch, time, width), normal(batch, time, width)
    kernels.transform(ours, layers, 2 * width // 64, lengths)
    REFERENCE.transform(expected, layers, 2 * width // 64, lengths)
    assert torch.isfinite(ours).all()
    assert relative_error(ours[used], expected[used]) < tolerance


def test_resnets(batch: int, time: int, width: int, dtype: torch.dtype, form: str) -> None:
    kernels, tolerance = fused(form, dtype)
    for channels in (320, 256, 512):
        block, rows = block_of(channels, width, dtype), normal(batch, time, channels)
        ours, expected = (form.resnet(rows, block, 1) for form in (kernels, REFERENCE))
        assert relative_error(ours, expected) < tolerance


def test_a_block_is_its_resnet_and_its_layers(
    batch: int, time: int, width: int, dtype: torch.dtype, form: str
) -> None:
    kernels, tolerance = fused(form, dtype)
    block = block_of(256, width, dtype, layers_of(width, dtype))
    lengths = torch.linspace(1, time, batch, device="cuda").long()
    used = torch.arange(time, device="cuda") < lengths[:, None]
    rows = normal(batch, time, 256)
    ours, expected = (form.block(rows, block, lengths, 1) for form in (kernels, REFERENCE))
    assert torch.isfinite(ours).all()
    assert relative_error(ours[used], expected[used]) < tolerance


def test_blocks_follow_one_another_whatever_else_grows_the_stream(
    batch: int, time: int, width: int, dtype: torch.dtype, form: str
) -> None:
    kernels, tolerance = fused(form, dtype)
    layers = layers_of(width, dtype)
    block = block_of(256, width, dtype, layers)
    if width != 256:
        pytest.skip("a block's stream is not what the next one reads")
    lengths = torch.linspace(1, time, batch, device="cuda").long()
    used = torch.arange(time, device="cuda") < lengths[:, None]
    results = []
    for other in (kernels, REFERENCE):
        stream = other.block(normal(batch, time, 256), block, lengths, 1)
        stream = other.block(stream, block, lengths, 2)
        other.transform(stream, layers, 2 * width // 64, lengths)
        results.append(other.resnet(stream, block, 0))
    ours, expected = results
    assert torch.isfinite(ours).all()
    assert relative_error(ours[used], expected[used]) < tolerance


def test_a_block_reads_two_streams_that_blocks_have_made(
    batch: int, time: int, width: int, dtype: torch.dtype, form: str
) -> None:
    kernels, tolerance = fused(form, dtype)
    layers = layers_of(width, dtype)
    first, last = block_of(256, width, dtype, layers), block_of(2 * width, width, dtype, layers)
    lengths = torch.linspace(1, time, batch, device="cuda").long()
    used = torch.arange(time, device="cuda") < lengths[:, None]
    results = []
    for other in (kernels, REFERENCE):
        skip, stream = (other.block(normal(batch, time, 256), first, lengths, k) for k in (1, 2))
        conv = other.causal_conv(skip, linear(width, 3 * width, dtype))
        results.append((conv, other.block(stream, last, lengths, 0, skip)))
    for ours, expected in zip(*results, strict=True):
        assert torch.isfinite(ours).all()
        assert relative_error(ours[used], expected[used]) < tolerance


def test_norm_and_products(
    batch: int, time: int, width: int, dtype: torch.dtype, form: str
) -> None:
    kernels, tolerance = fused(form, dtype)
    stream, ahead = normal(batch, time, width), normal(width)
    product = linear(384, width, dtype)
    for activation in ("none", "gelu"):
        ours = kernels.norm_linear(stream, ahead, product, activation)
        expected = REFERENCE.norm_linear(stream, ahead, product, activation)
        assert relative_error(ours, expected) < tolerance
    rows, weight = normal(batch, time, 128).to(dtype), linear(width, 128, dtype).weight
    ours, expected = stream.clone(), stream.clone()
    kernels.add_product(ours, rows, weight)
    REFERENCE.add_product(expected, rows, weight)
    assert relative_error(ours, expected) < tolerance
    narrow = linear(80, width, dtype)
    assert relative_error(kernels.linear(stream, narrow), REFERENCE.linear(stream, narrow)) < (
        tolerance
    )


def test_attention_ends_at_each_length(
    batch: int, time: int, width: int, dtype: torch.dtype, form: str
) -> None:
    kernels, tolerance = fused(form, dtype)
    heads = width // 64
    lengths = torch.linspace(1, time, batch, device="cuda").long()
    qkv = normal(batch, time, 3 * width).to(dtype)
    used = (torch.arange(time, device="cuda") < lengths[:, None])[..., None]
    ours = kernels.attend(torch.where(used, qkv, torch.inf), heads, lengths)
    expected = REFERENCE.attend(qkv, heads, lengths)
    used = used.expand_as(ours)
    assert relative_error(ours[used], expected[used]) < tolerance


def test_causal_convolutions(
    batch: int, time: int, width: int, dtype: torch.dtype, form: str
) -> None:
    kernels, tolerance = fused(form, dtype)
    for channels in (320, 256):
        rows = normal(batch, time, channels)
        product = linear(width, 3 * channels, dtype)
        ours, expected = (form.causal_conv(rows, product) for form in (kernels, REFERENCE))
        assert relative_error(ours, expected) < tolerance
        block, shift = NormedConv(product, normal(width), normal(width)), normal(width)
        for stream in (None, normal(batch, time, width)):
            ours, expected = (
                form.normed_conv(
                    rows, block, shift=shift, stream=None if stream is None else stream.clone()
                )
                for form in (kernels, REFERENCE)
            )
            assert relative_error(ours, expected) < tolerance


def test_a_step_of_the_flow_is_the_same_to_the_bit(
    batch: int, time: int, width: int, dtype: torch.dtype, form: str
) -> None:
    kernels, _ = fused(form, dtype)
    for shares in ((0.3,), (0.17, -0.07)):
        slope = normal(len(shares), batch, time, 80)
        found = []
        for each in (kernels, REFERENCE):
            mel, features = (
                normal(batch, time, 80) * 2,
                normal(len(shares), batch, time, width + 80),
            )
            each.advance(mel, slope, shares, features)
            found.append((mel, features))
        for ours, expected in zip(*found, strict=True):
            assert torch.equal(ours, expected)


def test_snake_is_silent_past_each_length(
    batch: int, time: int, width: int, dtype: torch.dtype, form: str
) -> None:
    kernels, _ = fused(form, dtype)
    signal, added = (
        normal(batch, width, 1, time).contiguous(memory_format=torch.channels_last)
        for _ in range(2)
    )
    lengths = torch.linspace(1, time, batch, device="cuda").long()
    alpha = normal(width).abs() + 0.1
    for other in (None, added):
        for ours, expected in zip(
            kernels.snake(signal, other, alpha, lengths),
            REFERENCE.snake(signal, other, alpha, lengths),
            strict=True,
        ):
            assert relative_error(ours, expected) < 1e-6
