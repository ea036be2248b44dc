"""The divergence of each precision, on the CPU at reduced size."""

import pytest
import torch

from engine.bench.divergence import (
    FORMS,
    divergence,
    lengthen_tails,
    measure,
    scale_for_entropy,
)
from engine.bench.step import random_weights
from engine.weights.models import ModelName
from engine.weights.sizes import REDUCED


@pytest.mark.parametrize("model", ["english", "turbo"])
def test_each_precision_is_near_fp32_and_fp16_is_nearest(model: ModelName) -> None:
    weights = random_weights(REDUCED[model].t3, torch.device("cpu"), torch.float32)
    found = measure(weights, scaled=True, streams=2, steps=6, prompt=40)
    assert found.keys() == FORMS.keys()
    bits = {name: each.mean_bits for name, each in found.items()}
    rougher = [bits[name] for name in FORMS if name != "fp16"]
    assert len(set(rougher)) == len(FORMS) - 1
    assert 0 < bits["fp16"] < min(rougher) <= max(rougher) < 0.02
    assert all(each.mean_bits <= each.worst_bits for each in found.values())


def test_tails_are_longer_and_as_wide() -> None:
    weights = random_weights(REDUCED["english"].t3, torch.device("cpu"), torch.float32)
    after = weights.layers[0].qkv
    assert isinstance(after, torch.Tensor)
    before = after.clone()
    lengthen_tails(weights)
    assert after.abs().max() > 2 * before.abs().max()
    assert after.std() == pytest.approx(float(before.std()), rel=0.2)


def test_a_distribution_diverges_from_another_by_what_it_should() -> None:
    exact = torch.tensor([[0.5, 0.5, 0.0], [0.25, 0.5, 0.25]]).log()
    rough = torch.tensor([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]]).log()
    found = divergence(exact, rough)
    assert (found.mean_bits, found.worst_bits) == pytest.approx((0.25, 0.5))
    assert found.agree == 1


def test_logits_are_scaled_to_an_entropy() -> None:
    logits = torch.randn(8, 500, generator=torch.Generator().manual_seed(0)).log_softmax(-1)
    scaled = (logits * scale_for_entropy(logits, 3.0)).log_softmax(-1)
    entropy = -(scaled.exp() * scaled).sum(-1).mean() / torch.tensor(2.0).log()
    assert float(entropy) == pytest.approx(3.0, abs=0.01)
