"""Projections for one utterance: kernels that multiply a matrix with each row in turn."""

import triton
from torch import Tensor

from engine.chatterbox.t3.buffers import MAX_SPLITS, Batch
from engine.chatterbox.t3.kernels import tuning
from engine.chatterbox.t3.kernels.linear import (
    joined_linear_add_kernel,
    linear_add_kernel,
    norm_gate_up_kernel,
    norm_linear_kernel,
)
from engine.chatterbox.t3.kernels.reference import RMS_EPSILON
from engine.weights.sizes import HEAD_DIM


class FewRows:
    """See `engine.chatterbox.t3.kernels.fused.Projections`."""

    def __init__(self, options: dict[str, bool]) -> None:
        self._options = options

    def norm_linear(self, batch: Batch, weight: Tensor, out: Tensor) -> None:
        columns, width = weight.shape
        block, warps = tuning.HEAD if out is batch.logits else tuning.QKV
        norm_linear_kernel[(triton.cdiv(columns, block),)](
            batch.residual,
            weight,
            out,
            columns,
            RMS_EPSILON,
            WIDTH=width,
            ROWS=batch.rows,
            BLOCK=block,
            EVEN=columns % block == 0,
            num_warps=warps,
            **self._options,
        )

    def add_attended(self, batch: Batch, weight: Tensor, splits: int) -> None:
        if splits == 1:
            self._add(batch, batch.attended, weight, tuning.OUTPUT)
            return
        columns, width = weight.shape
        block, warps = tuning.OUTPUT
        joined_linear_add_kernel[(columns // block,)](
            batch.partial,
            batch.partial_weight,
            weight,
            batch.residual,
            columns,
            WIDTH=width,
            HEAD_DIM=HEAD_DIM,
            SPLITS=splits,
            MAX_SPLITS=MAX_SPLITS,
            ROWS=batch.rows,
            BLOCK=block,
            num_warps=warps,
            **self._options,
        )

    def add_mlp(self, batch: Batch, gate_up: Tensor, down: Tensor) -> None:
        hidden, ffn = down.shape
        block, warps = tuning.GATE_UP
        norm_gate_up_kernel[(ffn // block,)](
            batch.residual,
            gate_up,
            batch.activated,
            ffn,
            RMS_EPSILON,
            WIDTH=hidden,
            ROWS=batch.rows,
            BLOCK=block,
            num_warps=warps,
            **self._options,
        )
        self._add(batch, batch.activated, down, tuning.DOWN)

    def _add(self, batch: Batch, vectors: Tensor, weight: Tensor, shape: tuple[int, int]) -> None:
        columns, width = weight.shape
        block, warps = shape
        linear_add_kernel[(columns // block,)](
            vectors,
            weight,
            batch.residual,
            columns,
            WIDTH=width,
            ROWS=batch.rows,
            BLOCK=block,
            num_warps=warps,
            **self._options,
        )
