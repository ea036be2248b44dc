"""Upstream's S3Gen, read module by module into the forms that are computed with.

Weight norm is folded, and so is the affine part of a norm into the product after it. All of it in
fp32; the cast to the precision comes last.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from engine.weights.checkpoint import WeightsError
from engine.weights.sizes import S3GenSizes
from engine.weights.tensors import opened

_NOT_DECODED = ("tokenizer.", "speaker_encoder.")  # these two serve enrolment alone


@dataclass(frozen=True, slots=True)
class Linear:
    """`weight` is (out, in); for a windowed product (out, taps * in), the earliest tap first.

    `bias` is (out,), in the weight's dtype.
    """

    weight: Tensor
    bias: Tensor


def read_checkpoint(source: Path | Mapping[str, Tensor]) -> tuple[Mapping[str, Tensor], S3GenSizes]:
    """The tensors that decoding needs, and the sizes, from a file or from tensors in memory.

    Raises `WeightsError`.
    """
    if isinstance(source, Path):
        with opened(source) as stored:
            names = list(stored.keys())
            shapes = {n: tuple(stored.get_slice(n).get_shape()) for n in names}
            # Copies: one tensor of the file itself would keep all of it mapped, and in memory.
            tensors = {
                n: stored.get_tensor(n).clone() for n in names if not n.startswith(_NOT_DECODED)
            }
    else:
        shapes = {n: tuple(t.shape) for n, t in source.items()}
        tensors = {n: t for n, t in source.items() if not n.startswith(_NOT_DECODED)}
    return tensors, S3GenSizes.from_shapes(shapes)


class Layout:
    """Reads modules out of a checkpoint in fp32, and puts tensors where and as they are used."""

    def __init__(self, tensors: Mapping[str, Tensor], device: torch.device) -> None:
        self._tensors = tensors
        self.device = device

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def __getitem__(self, name: str) -> Tensor:
        """One tensor in fp32 on the CPU. Raises `WeightsError` naming what is missing."""
        if name not in self._tensors:
            raise WeightsError(f"S3Gen's file has no tensor {name}.")
        return self._tensors[name].detach().float().cpu()

    def convolution(self, name: str) -> tuple[Tensor, Tensor]:
        """Weight, its weight norm folded if it has one, and bias, as torch lays them out."""
        magnitude = name + ".parametrizations.weight.original0"
        if magnitude not in self._tensors:
            return self[name + ".weight"], self[name + ".bias"]
        direction = self[name + ".parametrizations.weight.original1"]
        norm = direction.flatten(1).norm(dim=1).view(-1, 1, 1)
        return self[magnitude] * direction / norm, self[name + ".bias"]

    def placed_convolution(self, name: str) -> tuple[Tensor, Tensor]:
        """The same in fp32 where it is used."""
        weight, bias = self.convolution(name)
        return self.put(weight), self.put(bias)

    def linear(
        self, *names: str, dtype: torch.dtype = torch.float32, norm: str | None = None
    ) -> Linear:
        """Products of one input as a single one, the norm before it folded in."""
        weights, biases = zip(*(self._folded(name, norm) for name in names), strict=True)
        return self._put(torch.cat(weights), torch.cat(biases), dtype)

    def windowed(self, name: str, dtype: torch.dtype = torch.float32) -> Linear:
        """A convolution as a product over the window's rows side by side."""
        weight, bias = self.convolution(name)
        return self._put(weight.transpose(1, 2).flatten(1), bias, dtype)

    def norm(self, name: str) -> Linear:
        return self._put(self[name + ".weight"], self[name + ".bias"])

    def put(self, tensor: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        return tensor.to(device=self.device, dtype=dtype).contiguous()

    def _put(self, weight: Tensor, bias: Tensor, dtype: torch.dtype = torch.float32) -> Linear:
        return Linear(self.put(weight, dtype), self.put(bias, dtype))

    def _folded(self, name: str, norm: str | None) -> tuple[Tensor, Tensor]:
        weight = self[name + ".weight"]
        has_bias = name + ".bias" in self._tensors
        bias = self[name + ".bias"] if has_bias else torch.zeros(len(weight))
        if norm is None:
            return weight, bias
        # Normalised rows sum to zero, so what the inputs of an output have in common is nothing.
        folded = weight * self[norm + ".weight"]
        return folded - folded.mean(1, keepdim=True), weight @ self[norm + ".bias"] + bias
