"""Projections for a few utterances: tensor cores, with the matrix read once for all rows.

What is added to the residual stream is left as sums over parts of the length, and the next norm
adds them up; the kernels that make them need not wait for one another.
"""

import triton
from torch import Tensor

from engine.chatterbox.t3.buffers import MAX_SPLITS, Batch
from engine.chatterbox.t3.kernels import tuning
from engine.chatterbox.t3.kernels.matrix import (
    join_kernel,
    multiply_gated_kernel,
    multiply_kernel,
    norm,
)
from engine.weights.sizes import HEAD_DIM

_BLOCK = 16  # matrix rows of one program: the least that tensor cores take
_SHARES = 4  # one to a warp
_LONGEST = 1024  # of a matrix row, what one program holds


class SomeRows:
    """See `engine.chatterbox.t3.kernels.fused.Projections`. Half precision only."""

    def __init__(self, options: dict[str, bool]) -> None:
        self._options = options

    def norm_linear(self, batch: Batch, weight: Tensor, out: Tensor) -> None:
        self._norm(batch)
        self._multiply(batch, batch.normed, weight, out, parts=1)

    def add_attended(self, batch: Batch, weight: Tensor, splits: int) -> None:
        if splits > 1:
            join_kernel[(batch.rows,)](
                batch.partial,
                batch.partial_weight,
                batch.attended,
                WIDTH=weight.shape[1],
                HEAD_DIM=HEAD_DIM,
                SPLITS=splits,
                MAX_SPLITS=MAX_SPLITS,
                **self._options,
            )
        self._multiply(batch, batch.attended, weight, batch.pending, tuning.OUTPUT_PARTS)
        batch.pending_parts = tuning.OUTPUT_PARTS

    def add_mlp(self, batch: Batch, gate_up: Tensor, down: Tensor) -> None:
        hidden, ffn = down.shape
        self._norm(batch)
        half, warps = tuning.SOME_GATE_UP
        multiply_gated_kernel[(ffn // half,)](
            batch.normed,
            gate_up,
            batch.activated,
            batch.rows,
            ffn,
            WIDTH=hidden,
            ROWS=_padded(batch.rows),
            HALF=half,
            SHARES=warps,
            num_warps=warps,
            **self._options,
        )
        parts = max(1, ffn // _LONGEST)
        self._multiply(batch, batch.activated, down, batch.pending, parts)
        batch.pending_parts = parts

    def _norm(self, batch: Batch) -> None:
        norm(self._options, batch.residual, batch.pending, batch.normed, batch.pending_parts)
        batch.pending_parts = 0

    def _multiply(
        self, batch: Batch, vectors: Tensor, weight: Tensor, out: Tensor, parts: int
    ) -> None:
        columns, width = weight.shape
        multiply_kernel[(triton.cdiv(columns, _BLOCK), parts)](
            vectors,
            weight,
            out,
            batch.rows,
            columns,
            out.stride(0),
            WIDTH=width,
            ROWS=_padded(batch.rows),
            BLOCK=_BLOCK,
            SHARES=_SHARES,
            PARTS=parts,
            EVEN=columns % _BLOCK == 0,
            num_warps=4,
            **self._options,
        )


def _padded(rows: int) -> int:
    return max(16, 1 << (rows - 1).bit_length())
