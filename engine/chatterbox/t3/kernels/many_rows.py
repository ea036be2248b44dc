"""Projections for many utterances: the library's GEMM, with Triton between."""

import torch
from torch import Tensor

from engine.chatterbox.t3.buffers import Batch
from engine.chatterbox.t3.kernels.matrix import gate, multiply_add, norm


class ManyRows:
    """See `engine.chatterbox.t3.kernels.fused.Projections`."""

    def __init__(self, options: dict[str, bool]) -> None:
        self._options = options

    def norm_linear(self, batch: Batch, weight: Tensor, out: Tensor) -> None:
        norm(self._options, batch.residual, batch.pending, batch.normed)
        if out.dtype == weight.dtype:
            torch.mm(batch.normed, weight.t(), out=out)
        else:
            torch.mm(batch.normed, weight.t(), out_dtype=out.dtype, out=out)

    def add_attended(self, batch: Batch, weight: Tensor, splits: int) -> None:
        assert splits == 1, "with so many rows a context is not divided"
        multiply_add(batch.residual, batch.attended, weight)

    def add_mlp(self, batch: Batch, gate_up: Tensor, down: Tensor) -> None:
        norm(self._options, batch.residual, batch.pending, batch.normed)
        torch.mm(batch.normed, gate_up.t(), out=batch.gate_up)
        gate(self._options, batch.gate_up, batch.activated)
        multiply_add(batch.residual, batch.activated, down)
