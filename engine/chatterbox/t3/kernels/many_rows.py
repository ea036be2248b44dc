"""Projections for many utterances: the library's GEMM, with Triton between."""

import torch
from torch import Tensor

from engine.chatterbox.cuda.launch import Chain
from engine.chatterbox.t3.buffers import MAX_PARTS, Batch
from engine.chatterbox.t3.kernels.matrix import gated_kernel, norm_kernel
from engine.chatterbox.t3.kernels.reference import RMS_EPSILON


class ManyRows:
    """See `engine.chatterbox.t3.kernels.fused.Projections`."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    def norm_linear(self, batch: Batch, weight: Tensor, out: Tensor) -> None:
        self._norm(batch)
        if out.dtype == weight.dtype:
            torch.mm(batch.normed, weight.t(), out=out)
        else:
            torch.mm(batch.normed, weight.t(), out_dtype=out.dtype, out=out)

    def add_attended(self, batch: Batch, weight: Tensor, splits: int) -> None:
        assert splits == 1, "with so many rows a context is not divided"
        self._multiply_add(batch, batch.attended, weight)

    def add_mlp(self, batch: Batch, gate_up: Tensor, down: Tensor) -> None:
        ffn = down.shape[1]
        self._norm(batch)
        torch.mm(batch.normed, gate_up.t(), out=batch.gate_up)
        block = min(ffn, 1024)
        gated_kernel[(batch.rows, ffn // block)](
            batch.gate_up, batch.activated, WIDTH=ffn, BLOCK=block, **self._chain.options
        )
        self._multiply_add(batch, batch.activated, down)

    def _norm(self, batch: Batch) -> None:
        norm_kernel[(batch.rows,)](
            batch.residual,
            batch.pending,
            batch.normed,
            RMS_EPSILON,
            WIDTH=batch.residual.shape[1],
            PENDING=0,
            PARTS=MAX_PARTS,
            **self._chain.options,
        )

    @staticmethod
    def _multiply_add(batch: Batch, vectors: Tensor, weight: Tensor) -> None:
        residual = batch.residual
        if vectors.dtype == residual.dtype:
            residual.addmm_(vectors, weight.t())
        else:  # summed in fp32, and not rounded before it is added
            torch.addmm(residual, vectors, weight.t(), out_dtype=residual.dtype, out=residual)
