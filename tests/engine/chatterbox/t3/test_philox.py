"""The noise of a request, which depends on its seed and step alone."""

import pytest
import torch

from engine.chatterbox.t3.philox import exponential_noise, philox, philox_on_cpu

# Counter, key and output words of the authors' own known-answer tests for Philox-4x32-10.
KNOWN_ANSWERS = [
    ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN_ANSWERS)
def test_known_answers(counter: list[int], key: list[int], expected: list[int]) -> None:
    first, second, third, fourth = (torch.tensor(word) for word in counter)
    words = philox((first, second, third, fourth), torch.tensor(key[0]), torch.tensor(key[1]))
    assert [int(word) for word in words] == expected


def test_on_a_cpu_the_words_are_the_same() -> None:
    steps, seeds = torch.tensor([[0], [7], [2**32 - 1]]), torch.tensor([[0], [1], [2**63 - 1]])
    low, high = seeds & 0xFFFFFFFF, seeds >> 32
    lanes = torch.arange(50).expand(3, 50)
    zero = torch.zeros_like(lanes)
    expected = philox((lanes, steps.expand_as(lanes), zero, zero), low, high)
    got = philox_on_cpu(50, steps.numpy(), low.numpy(), high.numpy())
    assert all(torch.equal(*pair) for pair in zip(got, expected, strict=True))


def test_noise_is_exponential_and_differs_between_seeds_steps_and_tokens() -> None:
    seeds, steps = torch.tensor([1, 1, 2, 2**62]), torch.tensor([5, 6, 5, 5])
    noise = exponential_noise(seeds, steps, 8194)
    assert noise.shape == (4, 8194)
    assert (noise > 0).all()
    assert noise.isfinite().all()
    assert (noise.mean(1) - 1).abs().max() < 0.05
    assert (noise.var(1) - 1).abs().max() < 0.15
    assert (torch.corrcoef(noise) - torch.eye(4)).abs().max() < 0.05
    assert torch.equal(noise[:1], exponential_noise(seeds[:1], steps[:1], 8194))
