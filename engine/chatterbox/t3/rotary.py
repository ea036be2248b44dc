"""Rotary position embedding with Llama 3's frequency scaling, as T3's backbone uses it.

The constants are those of upstream's `Llama_520M` configuration; they are the same at every size.
"""

import math

import torch
from torch import Tensor

from engine.weights.sizes import HEAD_DIM

_THETA = 500_000.0
_FACTOR = 8.0
_LOW_FREQUENCY_FACTOR, _HIGH_FREQUENCY_FACTOR = 1.0, 4.0
_TRAINED_CONTEXT = 8192


def rotary_tables(positions: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines, each fp32 (positions, HEAD_DIM), the second half repeating the first."""
    exponents = torch.arange(0, HEAD_DIM, 2, dtype=torch.float32) / HEAD_DIM
    frequencies = 1.0 / _THETA**exponents
    wavelengths = 2 * math.pi / frequencies
    # Long wavelengths are stretched by the factor, short ones kept, and those between blended.
    blend = (_TRAINED_CONTEXT / wavelengths - _LOW_FREQUENCY_FACTOR) / (
        _HIGH_FREQUENCY_FACTOR - _LOW_FREQUENCY_FACTOR
    )
    blend = blend.clamp(0.0, 1.0)
    frequencies = (1 - blend) * frequencies / _FACTOR + blend * frequencies
    angles = torch.arange(positions, dtype=torch.float32)[:, None] * frequencies
    angles = torch.cat([angles, angles], dim=-1)
    return angles.cos().to(device), angles.sin().to(device)


def rotate(heads: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turn `heads` (..., HEAD_DIM) by tables that broadcast to it, in fp32; returns its dtype."""
    values = heads.float()
    first, second = values.chunk(2, dim=-1)
    turned = values * cosine + torch.cat([-second, first], dim=-1) * sine
    return turned.to(heads.dtype)
