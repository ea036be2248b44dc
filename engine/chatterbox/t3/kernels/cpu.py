"""The parts of a GPT-2's step on a CPU, where one row alone is decoded and each launch counts.

As in `reference`, with values read where they are: a row attends to its own pages as they lie
there, and nothing is done for rows without work.
"""

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.t3.buffers import Batch
from engine.chatterbox.t3.kernels.reference import (
    RMS_EPSILON,
    ReferenceT3Kernels,
    record_tokens,
)
from engine.chatterbox.t3.slots import Column, Parameter, Slots, SlotStatus
from engine.weights.sizes import HEAD_DIM


class CpuT3Kernels(ReferenceT3Kernels):
    """See `engine.chatterbox.t3.kernels.T3Kernels`; for a GPT-2, which has no rotary positions."""

    def prompt_norm(self, residual: Tensor, dtype: torch.dtype) -> Tensor:
        # The same of a stream whose mean is zero, and one launch where the other is five.
        return functional.layer_norm(residual, residual.shape[-1:], eps=RMS_EPSILON).to(dtype)

    def attend(
        self, batch: Batch, cache: tuple[Tensor, Tensor], rotary: tuple[Tensor, Tensor] | None
    ) -> None:
        assert rotary is None
        size = cache[0].shape[2]
        query, *both = batch.qkv.view(batch.rows, 3, -1, HEAD_DIM).unbind(1)
        for row, position in enumerate(batch.positions.tolist()):
            if position < 0:
                continue
            last, offset = divmod(position, size)
            *full, page = batch.tables[row, : last + 1].tolist()
            used = []
            for kept, new in zip(cache, both, strict=True):
                kept[page, :, offset] = new[row]
                newest = kept[page, :, : offset + 1]
                used.append(
                    torch.cat([*(kept[each] for each in full), newest], dim=1) if full else newest
                )
            mixed = functional.scaled_dot_product_attention(
                query[row, None, :, None], used[0][None], used[1][None]
            )
            batch.attended[row] = mixed.view(-1)

    def sample(self, slots: Slots, batch: Batch, noise: Tensor | None = None) -> None:
        if not slots.rules.penalty_last:
            super().sample(slots, batch, noise)
            return
        if noise is None:
            noise = slots.noise(batch.slots, batch.logits.shape[1])
        state, finite = slots.state[batch.slots], batch.logits.isfinite().all(dim=-1)
        token = torch.zeros(batch.places, dtype=torch.int32)
        for place, slot in enumerate(batch.slots.tolist()):
            if state[place, Column.STATUS] == SlotStatus.RUNNING:
                token[place] = _drawn_token(
                    batch.logits[place],
                    slots.seen[slot],
                    slots.parameters[slot].tolist(),
                    noise[place],
                )
        record_tokens(slots, batch.slots, state, token, finite)


def _drawn_token(logits: Tensor, seen: Tensor, parameters: list[float], noise: Tensor) -> Tensor:
    """`token_probabilities` and the draw, of one row and over those that top-k leaves."""
    most = int(parameters[Parameter.TOP_K])
    most = min(most, len(logits)) if most > 0 else len(logits)
    values, ids = (logits / parameters[Parameter.TEMPERATURE]).topk(most)
    # Of a token and all below it; the likeliest stays whatever that is.
    tail = values.softmax(-1).flip(0).cumsum(0).flip(0)
    left = max(1, int((tail > 1 - parameters[Parameter.TOP_P]).sum()))
    values, ids = values[:left], ids[:left]
    penalty = parameters[Parameter.REPETITION_PENALTY]
    penalised = torch.where(values < 0, values * penalty, values / penalty)
    values = torch.where(seen[ids] == 1, penalised, values)
    return ids[(values.softmax(-1) / noise[ids]).argmax()]
