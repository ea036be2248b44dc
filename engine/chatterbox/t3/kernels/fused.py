"""A decode step's parts as Triton kernels, and the library's GEMM where there are many rows.

Which kernel is used is decided here and nowhere else.
"""

import torch
import triton
from torch import Tensor

from engine.chatterbox.cuda.launch import chain_options
from engine.chatterbox.t3.buffers import MAX_SPLITS, Batch
from engine.chatterbox.t3.config import PAGE, STOP_OF_SPEECH
from engine.chatterbox.t3.kernels import tuning
from engine.chatterbox.t3.kernels.attention import attend_kernel
from engine.chatterbox.t3.kernels.few_rows import FewRows
from engine.chatterbox.t3.kernels.many_rows import ManyRows
from engine.chatterbox.t3.kernels.prompt import PromptKernels
from engine.chatterbox.t3.kernels.sampling import embed_kernel, noise_kernel, sample_kernel
from engine.chatterbox.t3.kernels.some_rows import SomeRows
from engine.chatterbox.t3.slots import Column, Parameter, Slots, SlotStatus
from engine.chatterbox.t3.weights import T3Weights
from engine.weights.sizes import HEAD_DIM

#: The products of `T3Kernels` with weight matrices, each for one range of row counts. Attention
#: comes to them in `splits` parts.
Projections = FewRows | SomeRows | ManyRows

_SAMPLED_COLUMNS = {each.name: int(each) for each in Column if each is not Column.PROMPT}
_STATUSES = {status.name: int(status) for status in SlotStatus if status}
_PARAMETERS = {each.name: int(each) for each in Parameter if each is not Parameter.TOP_K}


class FusedT3Kernels(PromptKernels):
    """See `engine.chatterbox.t3.kernels.T3Kernels`."""

    def __init__(self, device: torch.device) -> None:
        super().__init__(chain_options(device))
        self._few = FewRows(self._options)
        self._some = SomeRows(self._options)
        self._many = ManyRows(self._options)

    def embed(self, weights: T3Weights, slots: Slots, batch: Batch) -> None:
        embed_kernel[(batch.rows,)](
            batch.residual,
            batch.positions,
            weights.speech_embedding,
            weights.speech_position,
            batch.slots,
            slots.state,
            batch.places,
            STATE_WIDTH=len(Column),
            STATUS=int(Column.STATUS),
            GENERATED=int(Column.GENERATED),
            TOKEN=int(Column.TOKEN),
            PROMPT=int(Column.PROMPT),
            GUIDED=int(Column.GUIDED),
            RUNNING=int(SlotStatus.RUNNING),
            WIDTH=batch.residual.shape[1],
            **self._options,
        )

    def draw_noise(self, slots: Slots, batch: Batch) -> None:
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
            **self._options,
        )

    def norm_linear(self, batch: Batch, weight: Tensor, out: Tensor) -> None:
        self._projections(batch).norm_linear(batch, weight, out)

    def attend(
        self, batch: Batch, cache: tuple[Tensor, Tensor], rotary: tuple[Tensor, Tensor]
    ) -> None:
        heads = cache[0].shape[1]
        splits = self._splits(batch, heads)
        block, warps = tuning.POSITIONS
        if batch.rows <= tuning.FEW_ROWS:
            block, warps = tuning.FEW_POSITIONS
        elif batch.rows > tuning.SOME_ROWS:
            block, warps = tuning.MANY_POSITIONS
        attend_kernel[(heads, batch.rows, splits)](
            batch.qkv,
            *cache,
            *rotary,
            batch.positions,
            batch.tables,
            batch.attended,
            batch.partial,
            batch.partial_weight,
            batch.tables.shape[1],
            HEAD_DIM**-0.5,
            HEADS=heads,
            HEAD_DIM=HEAD_DIM,
            PAGE=PAGE,
            SPLITS=splits,
            MAX_SPLITS=MAX_SPLITS,
            BLOCK=block,
            num_warps=warps,
            **self._options,
        )

    def add_attended(self, batch: Batch, weight: Tensor) -> None:
        splits = self._splits(batch, weight.shape[1] // HEAD_DIM)
        self._projections(batch).add_attended(batch, weight, splits)

    def add_mlp(self, batch: Batch, gate_up: Tensor, down: Tensor) -> None:
        self._projections(batch).add_mlp(batch, gate_up, down)

    def sample(self, slots: Slots, batch: Batch) -> None:
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
            **_SAMPLED_COLUMNS,
            **_STATUSES,
            PARAMETERS=len(Parameter),
            **_PARAMETERS,
            STOP_TOKEN=STOP_OF_SPEECH,
            TWO_ROWS=batch.guided,
            BLOCK=triton.next_power_of_2(vocabulary),
            num_warps=tuning.SAMPLING_WARPS,
            **self._options,
        )

    def _projections(self, batch: Batch) -> Projections:
        if batch.rows <= tuning.FEW_ROWS:
            return self._few
        if batch.rows <= tuning.SOME_ROWS and batch.normed.dtype != torch.float32:
            return self._some
        return self._many

    def _splits(self, batch: Batch, heads: int) -> int:
        """Parts that each row's context is divided into: a power of two."""
        if isinstance(self._projections(batch), ManyRows):
            return 1
        few = batch.rows <= tuning.FEW_ROWS
        programs = tuning.FEW_PROGRAMS if few else tuning.PROGRAMS
        wanted = max(1, programs // (batch.rows * heads))
        return min(MAX_SPLITS, 1 << (wanted.bit_length() - 1))
