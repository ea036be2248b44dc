"""A decode step's parts as Triton kernels, and the library's GEMM where there are many rows.

Which kernel with which block is decided here and nowhere else. The numbers were measured on an
H100 (docs/benchmarks); they change speed, never results beyond rounding.
"""

from dataclasses import dataclass

import torch
import triton
from torch import Tensor

from engine.chatterbox.buffers import MAX_SPLITS, Batch
from engine.chatterbox.config import PAGE, STOP_OF_SPEECH
from engine.chatterbox.kernels.attention import attend_kernel
from engine.chatterbox.kernels.launch import launch_options, may_start_early
from engine.chatterbox.kernels.linear import (
    gated_kernel,
    joined_linear_add_kernel,
    linear_add_kernel,
    norm_gate_up_kernel,
    norm_linear_kernel,
    rms_norm_kernel,
)
from engine.chatterbox.kernels.reference import RMS_EPSILON
from engine.chatterbox.kernels.sampling import embed_kernel, noise_kernel, sample_kernel
from engine.chatterbox.slots import Column, Parameter, Slots, Status
from engine.chatterbox.weights import T3Weights
from engine.weights.sizes import HEAD_DIM


@dataclass(frozen=True)
class Tuning:
    """Blocks and warps. A (rows, warps) pair is matrix rows and warps of one program."""

    few_rows: int = 8  # up to here matrix times vectors, beyond it the library's GEMM
    qkv: tuple[int, int] = (8, 4)
    head: tuple[int, int] = (8, 4)
    output: tuple[int, int] = (8, 4)
    gate_up: tuple[int, int] = (8, 4)
    down: tuple[int, int] = (4, 4)
    programs: int = 128  # attention is split until it has so many, where there are few rows
    positions: tuple[int, int] = (128, 4)  # positions an attention program reads at once, warps
    early: bool = True


class FusedKernels:
    """See `engine.chatterbox.kernels.Kernels`."""

    def __init__(self, device: torch.device, tuning: Tuning | None = None) -> None:
        self.tuning = tuning if tuning is not None else Tuning()
        self._launch = launch_options(behind=self.tuning.early and may_start_early(device))

    def embed(self, weights: T3Weights, slots: Slots, batch: Batch) -> None:
        """`residual` becomes the embedding of each slot's last token at its speech position."""
        embed_kernel[(batch.rows,)](
            batch.residual,
            weights.speech_embedding,
            weights.speech_position,
            batch.slots,
            slots.state,
            batch.places,
            STATE_WIDTH=len(Column),
            GENERATED=int(Column.GENERATED),
            TOKEN=int(Column.TOKEN),
            WIDTH=batch.residual.shape[1],
            **self._launch,
        )

    def draw_noise(self, slots: Slots, batch: Batch) -> None:
        """`noise` becomes that of each slot's seed and step."""
        vocabulary = batch.noise.shape[1]
        lanes = -(-vocabulary // 4)
        noise_kernel[(batch.places, triton.cdiv(lanes, 256))](
            batch.noise,
            slots.seeds,
            batch.slots,
            slots.state,
            vocabulary,
            lanes,
            STATE_WIDTH=len(Column),
            GENERATED=int(Column.GENERATED),
            BLOCK=256,
            **self._launch,
        )

    def norm_linear(self, batch: Batch, gain: Tensor, weight: Tensor, out: Tensor) -> None:
        """`out` becomes the RMS norm of `residual` times `weight` transposed."""
        columns, width = weight.shape
        if batch.rows > self.tuning.few_rows:
            self._norm(batch, gain)
            _multiply(batch.normed, weight, out)
            return
        block, warps = self.tuning.head if out is batch.logits else self.tuning.qkv
        norm_linear_kernel[(triton.cdiv(columns, block),)](
            batch.residual,
            gain,
            weight,
            out,
            columns,
            RMS_EPSILON,
            WIDTH=width,
            ROWS=batch.rows,
            BLOCK=block,
            EVEN=columns % block == 0,
            num_warps=warps,
            **self._launch,
        )

    def attend(
        self,
        slots: Slots,
        batch: Batch,
        cache: tuple[Tensor, Tensor],
        rotary: tuple[Tensor, Tensor],
    ) -> None:
        """Put the keys and values of `qkv` into the cache and attend to all used positions."""
        heads = cache[0].shape[1]
        block, warps = self.tuning.positions
        attend_kernel[(heads, batch.rows, self._splits(batch, heads))](
            batch.qkv,
            *cache,
            *rotary,
            batch.slots,
            slots.state,
            slots.page_table,
            batch.attended,
            batch.partial,
            batch.partial_maximum,
            batch.partial_sum,
            batch.places,
            slots.page_table.shape[2],
            HEAD_DIM**-0.5,
            STATE_WIDTH=len(Column),
            STATUS=int(Column.STATUS),
            GENERATED=int(Column.GENERATED),
            PROMPT=int(Column.PROMPT),
            GUIDED=int(Column.GUIDED),
            RUNNING=int(Status.RUNNING),
            HEADS=heads,
            HEAD_DIM=HEAD_DIM,
            PAGE=PAGE,
            SPLITS=self._splits(batch, heads),
            MAX_SPLITS=MAX_SPLITS,
            BLOCK=block,
            num_warps=warps,
            **self._launch,
        )

    def add_attended(self, batch: Batch, weight: Tensor) -> None:
        """`residual` grows by what was attended to, times `weight` transposed."""
        columns, width = weight.shape
        splits = self._splits(batch, width // HEAD_DIM)
        block, warps = self.tuning.output
        if batch.rows > self.tuning.few_rows:
            _multiply_add(batch.attended, weight, batch.residual)
        elif splits == 1:
            linear_add_kernel[(columns // block,)](
                batch.attended,
                weight,
                batch.residual,
                columns,
                WIDTH=width,
                ROWS=batch.rows,
                BLOCK=block,
                num_warps=warps,
                **self._launch,
            )
        else:
            joined_linear_add_kernel[(columns // block,)](
                batch.partial,
                batch.partial_maximum,
                batch.partial_sum,
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
                **self._launch,
            )

    def add_mlp(self, batch: Batch, gain: Tensor, gate_up: Tensor, down: Tensor) -> None:
        """`residual` grows by the gated MLP of its RMS norm."""
        hidden, ffn = down.shape
        if batch.rows > self.tuning.few_rows:
            self._norm(batch, gain)
            _multiply(batch.normed, gate_up, batch.gate_up)
            block = min(ffn, 1024)
            gated_kernel[(batch.rows, ffn // block)](
                batch.gate_up, batch.activated, WIDTH=ffn, BLOCK=block, **self._launch
            )
            _multiply_add(batch.activated, down, batch.residual)
            return
        block, warps = self.tuning.gate_up
        norm_gate_up_kernel[(ffn // block,)](
            batch.residual,
            gain,
            gate_up,
            batch.activated,
            ffn,
            RMS_EPSILON,
            WIDTH=hidden,
            ROWS=batch.rows,
            BLOCK=block,
            num_warps=warps,
            **self._launch,
        )
        block, warps = self.tuning.down
        linear_add_kernel[(hidden // block,)](
            batch.activated,
            down,
            batch.residual,
            hidden,
            WIDTH=ffn,
            ROWS=batch.rows,
            BLOCK=block,
            num_warps=warps,
            **self._launch,
        )

    def sample(self, slots: Slots, batch: Batch) -> None:
        """Turn `logits` and `noise` into one token per running slot, and take note of it."""
        vocabulary = batch.logits.shape[1]
        sample_kernel[(batch.places,)](
            batch.logits,
            batch.noise,
            batch.slots,
            slots.state,
            slots.parameters,
            slots.seen,
            slots.tokens,
            batch.places,
            vocabulary,
            slots.tokens.shape[1],
            STATE_WIDTH=len(Column),
            STATUS=int(Column.STATUS),
            GENERATED=int(Column.GENERATED),
            TOKEN=int(Column.TOKEN),
            CAP=int(Column.CAP),
            GUIDED=int(Column.GUIDED),
            RUNNING=int(Status.RUNNING),
            STOPPED=int(Status.STOPPED),
            CAPPED=int(Status.CAPPED),
            PARAMETERS=len(Parameter),
            CFG_WEIGHT=int(Parameter.CFG_WEIGHT),
            TEMPERATURE=int(Parameter.TEMPERATURE),
            MIN_P=int(Parameter.MIN_P),
            TOP_P=int(Parameter.TOP_P),
            REPETITION_PENALTY=int(Parameter.REPETITION_PENALTY),
            STOP_TOKEN=STOP_OF_SPEECH,
            TWO_ROWS=batch.guided,
            BLOCK=triton.next_power_of_2(vocabulary),
            num_warps=16,
            **self._launch,
        )

    def _splits(self, batch: Batch, heads: int) -> int:
        """Parts that each row's context is divided into: a power of two."""
        if batch.rows > self.tuning.few_rows:
            return 1
        wanted = max(1, self.tuning.programs // (batch.rows * heads))
        return min(MAX_SPLITS, 1 << (wanted.bit_length() - 1))

    def _norm(self, batch: Batch, gain: Tensor) -> None:
        rms_norm_kernel[(batch.rows,)](
            batch.residual,
            gain,
            batch.normed,
            RMS_EPSILON,
            WIDTH=batch.residual.shape[1],
            **self._launch,
        )


def _multiply(vectors: Tensor, weight: Tensor, out: Tensor) -> None:
    """`out` = `vectors` @ `weight`.T, summed in fp32 and rounded to `out`'s dtype once."""
    if out.dtype == vectors.dtype:
        torch.mm(vectors, weight.t(), out=out)
    else:
        torch.mm(vectors, weight.t(), out_dtype=out.dtype, out=out)


def _multiply_add(vectors: Tensor, weight: Tensor, residual: Tensor) -> None:
    """`residual` (fp32) += `vectors` @ `weight`.T, without rounding in between."""
    if vectors.dtype == residual.dtype:
        residual.addmm_(vectors, weight.t())
    else:
        torch.addmm(residual, vectors, weight.t(), out_dtype=residual.dtype, out=residual)
