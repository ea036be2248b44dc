"""Vectors of int8 with one scale each: T3's matrices by row, its keys and values by position.

Half of bf16's size. e4m3, at the same size, was further from fp32 by every measure that was taken
(docs/benchmarks/h200/int8.md), and is not here.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

_MOST = 127.0
#: What a vector's largest number is taken for at least, so that a scale never divides by zero.
_LEAST = 1e-20


@dataclass(frozen=True)
class Quantised:
    """A matrix: `codes` (out, in) int8, to be multiplied by `scales` (out,) fp32."""

    codes: Tensor
    scales: Tensor

    @classmethod
    def of(cls, weight: Tensor) -> "Quantised":
        """From (out, in) of any floating type, whatever it is a view of."""
        codes, scales = quantised(weight.float())
        return cls(codes.contiguous(), scales)  # kernels are told where the first row begins alone

    @property
    def shape(self) -> torch.Size:
        return self.codes.shape

    @property
    def nbytes(self) -> int:
        return self.codes.nbytes + self.scales.nbytes

    def widened(self, dtype: torch.dtype) -> Tensor:
        """The matrix (out, in) in `dtype`."""
        return widened(self.codes, self.scales).to(dtype)


def quantised(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Codes (..., n) and scales (...) of fp32 vectors (..., n), to the nearest, of two the even."""
    scales = vectors.abs().amax(dim=-1).clamp(min=_LEAST) / _MOST
    return (vectors / scales[..., None]).round().to(torch.int8), scales


def widened(codes: Tensor, scales: Tensor) -> Tensor:
    """The fp32 vectors (..., n) that codes (..., n) and scales (...) stand for."""
    return codes.float() * scales[..., None]
