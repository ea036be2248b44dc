"""Upstream's modules in the forms that are computed with."""

import torch
from torch.nn import functional

from engine.chatterbox.s3gen.layout import Layout


def test_a_product_takes_in_the_norm_before_it_and_what_its_inputs_have_in_common() -> None:
    generator = torch.Generator().manual_seed(1)
    weight, bias = torch.randn(5, 16, generator=generator) + 3, torch.randn(5, generator=generator)
    gain, shift = torch.rand(16, generator=generator) + 0.5, torch.randn(16, generator=generator)
    layout = Layout(
        {"out.weight": weight, "out.bias": bias, "norm.weight": gain, "norm.bias": shift},
        torch.device("cpu"),
    )
    rows = torch.randn(7, 16, generator=generator) + 2
    folded = layout.linear("out", norm="norm")
    normed = functional.layer_norm(rows, (16,), gain, shift)
    torch.testing.assert_close(
        functional.linear(functional.layer_norm(rows, (16,)), folded.weight, folded.bias),
        functional.linear(normed, weight, bias),
    )
    torch.testing.assert_close(folded.weight.sum(1), torch.zeros(5), atol=1e-5, rtol=0)
    assert weight.sum(1).min() > 10  # which it was not before
