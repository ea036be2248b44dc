"""Counter-based random numbers: the noise of a request depends on its seed and step alone.

Philox-4x32 with ten rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011),
in plain torch; on a CPU in numpy, which is five times as fast there. The compiled kernel draws the
same numbers, so a request sounds the same on every device and beside whomever it is decoded.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_MASK = 0xFFFFFFFF
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10


def exponential_noise(seeds: Tensor, steps: Tensor, width: int) -> Tensor:
    """Exponentially distributed fp32 (n, width) for int64 `seeds` (n,) and `steps` (n,).

    Number `j * lanes + i` is output `j` of the counter `(i, step, 0, 0)`, lanes = ceil(width / 4).
    """
    lanes = -(-width // 4)
    low, high, step = seeds[:, None] & _MASK, seeds[:, None] >> 32, steps[:, None] & _MASK
    if seeds.device.type == "cpu":
        words = philox_on_cpu(lanes, *(value.numpy() for value in (step, low, high)))
    else:
        counter = torch.arange(lanes, device=seeds.device).expand(len(seeds), lanes)
        zero = torch.zeros_like(counter)
        words = philox((counter, step.expand_as(counter), zero, zero), low, high)
    bits = torch.cat(words, dim=1)[:, :width]
    # 23 bits and a half: never 0 and never 1, each exactly a float.
    uniform = ((bits >> 9).float() + 0.5) * 2.0**-23
    return -uniform.log()


def philox(
    counter: tuple[Tensor, Tensor, Tensor, Tensor], low: Tensor, high: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Four 32-bit words per counter, as int64, under the key (low, high)."""
    first, second, third, fourth = counter
    for _ in range(_ROUNDS):
        first_high, first_low = _wide_product(first, _MULTIPLIERS[0])
        third_high, third_low = _wide_product(third, _MULTIPLIERS[1])
        first, second, third, fourth = (
            third_high ^ second ^ low,
            third_low,
            first_high ^ fourth ^ high,
            first_low,
        )
        low = (low + _KEY_STEPS[0]) & _MASK
        high = (high + _KEY_STEPS[1]) & _MASK
    return first, second, third, fourth


def philox_on_cpu(
    lanes: int, step: NDArray[np.int64], low: NDArray[np.int64], high: NDArray[np.int64]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """`philox` for the counters (lane, step, 0, 0); (n, lanes) each, from (n, 1) each."""
    mask, half = np.uint64(_MASK), np.uint64(32)
    multipliers = [np.uint64(multiplier) for multiplier in _MULTIPLIERS]
    keys = [key.astype(np.uint64) for key in (low, high)]
    first = np.broadcast_to(np.arange(lanes, dtype=np.uint64), (len(step), lanes))
    second = step.astype(np.uint64)
    third = fourth = np.zeros_like(first)
    for _ in range(_ROUNDS):
        # A product of two 32-bit words has 64 bits, and so has numpy's unsigned one.
        one, other = first * multipliers[0], third * multipliers[1]
        first, third = (other >> half) ^ second ^ keys[0], (one >> half) ^ fourth ^ keys[1]
        second, fourth = other & mask, one & mask
        keys = [(key + np.uint64(add)) & mask for key, add in zip(keys, _KEY_STEPS, strict=True)]
    drawn = [torch.from_numpy(word.view(np.int64)) for word in (first, second, third, fourth)]
    return drawn[0], drawn[1], drawn[2], drawn[3]


def _wide_product(word: Tensor, multiplier: int) -> tuple[Tensor, Tensor]:
    """Upper and lower 32 bits of a 64-bit product, without leaving int64's positive half."""
    upper = word * (multiplier >> 16)
    lower = word * (multiplier & 0xFFFF)
    middle = upper + (lower >> 16)
    return middle >> 16, ((middle & 0xFFFF) << 16) | (lower & 0xFFFF)
