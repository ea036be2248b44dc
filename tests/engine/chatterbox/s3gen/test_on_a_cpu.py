"""What a CPU computes in another order, or in another precision, than plain torch would."""

import pytest
import torch

from engine.chatterbox.s3gen.config import multiplies_bf16
from engine.chatterbox.s3gen.kernels.cpu import CpuS3GenKernels
from engine.chatterbox.s3gen.kernels.reference import ReferenceS3GenKernels


@pytest.mark.parametrize("summed", [False, True], ids=["alone", "sum of two"])
@pytest.mark.parametrize(
    ("batch", "channels", "time", "lengths"),
    [
        (1, 64, 2500, [2500]),
        (1, 64, 2048, [1]),
        (3, 32, 4097, [4097, 2048, 2049]),
        (1, 512, 5, [3]),
    ],
    ids=["three pieces", "a piece that is silent", "a batch", "less than a piece"],
)
def test_snake_in_pieces_is_snake(
    batch: int, channels: int, time: int, lengths: list[int], summed: bool
) -> None:
    generator = torch.Generator().manual_seed(time)

    def signal() -> torch.Tensor:
        drawn = torch.randn(batch, channels, 1, time, generator=generator)
        return drawn.contiguous(memory_format=torch.channels_last)

    given, added = signal(), signal() if summed else None
    kept = given.clone(), None if added is None else added.clone()
    alpha = torch.rand(channels, generator=generator) + 0.2
    ours = CpuS3GenKernels().snake(given, added, alpha, torch.tensor(lengths))
    expected = ReferenceS3GenKernels().snake(*kept, alpha, torch.tensor(lengths))
    for computed, wanted in zip(ours, expected, strict=True):
        assert computed.is_contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(computed, wanted, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(given, kept[0], rtol=0, atol=0)


@pytest.mark.parametrize("lengths", [[40], [33], [40, 1, 17]], ids=str)
def test_attention_without_a_mask_is_attention_with_one(lengths: list[int]) -> None:
    generator = torch.Generator().manual_seed(len(lengths))
    qkv = torch.randn(len(lengths), 40, 3 * 128, generator=generator)
    ours = CpuS3GenKernels().attend(qkv, 2, torch.tensor(lengths))
    expected = ReferenceS3GenKernels().attend(qkv, 2, torch.tensor(lengths))
    assert ours.isfinite().all()
    for item, length in enumerate(lengths):
        torch.testing.assert_close(ours[item, :length], expected[item, :length])


@pytest.mark.parametrize(
    ("instructions", "has"),
    [
        ({}, False),
        ({"avx512_f": True, "amx_bf16": False, "avx512_bf16": False}, False),
        ({"amx_bf16": False, "avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
    ],
    ids=str,
)
def test_bf16_is_for_cpus_that_multiply_in_it(
    monkeypatch: pytest.MonkeyPatch, instructions: dict[str, bool], has: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: instructions)
    assert multiplies_bf16() is has
