"""What is between the products when whole prompts go through T3, in Triton.

Each of these is one launch where plain torch has up to ten, and a sentence waits for all of them
before its first token. The products and attention themselves are the library's.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from engine.chatterbox.t3.kernels.matrix import gate, multiply_add, norm
from engine.weights.sizes import HEAD_DIM


@triton.jit
def heads_kernel(
    qkv,
    before,
    cosines,
    sines,
    query,
    both,
    count,
    start,
    row_stride,
    half_stride,
    HEADS: tl.constexpr,
    HEAD_DIM: tl.constexpr,
    BEHIND: tl.constexpr,
):
    """One position of one row: turn its queries and keys, put keys and values where they belong.

    Positions before `start` are copied from `before`, whose rows and halves are so far apart.
    """
    position, row = tl.program_id(0), tl.program_id(1)
    HALF: tl.constexpr = HEAD_DIM // 2
    WIDTH: tl.constexpr = HEADS * HEAD_DIM
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
        tl.extra.cuda.gdc_wait()
    total = start + count
    i = tl.arange(0, WIDTH)
    head, d = i // HEAD_DIM, i % HEAD_DIM
    kept = (row * HEADS + head) * total * HEAD_DIM + position * HEAD_DIM + d
    values = tl.num_programs(1) * HEADS * total * HEAD_DIM
    if position < start:
        given = row.to(tl.int64) * row_stride + head * start * HEAD_DIM + position * HEAD_DIM + d
        tl.store(both + kept, tl.load(before + given))
        tl.store(both + values + kept, tl.load(before + half_stride + given))
    else:
        new = position - start
        of_row = qkv + (row * count + new) * 3 * WIDTH
        cosine = tl.load(cosines + new * HEAD_DIM + d)
        sine = tl.load(sines + new * HEAD_DIM + d)
        sine = tl.where(d < HALF, -sine, sine)
        opposite = head * HEAD_DIM + (d + HALF) % HEAD_DIM
        turned = tl.load(of_row + i).to(tl.float32) * cosine
        turned += tl.load(of_row + opposite).to(tl.float32) * sine
        place = ((row * HEADS + head) * count + new) * HEAD_DIM + d
        tl.store(query + place, turned.to(query.dtype.element_ty))
        turned = tl.load(of_row + WIDTH + i).to(tl.float32) * cosine
        turned += tl.load(of_row + WIDTH + opposite).to(tl.float32) * sine
        tl.store(both + kept, turned.to(both.dtype.element_ty))
        tl.store(both + values + kept, tl.load(of_row + 2 * WIDTH + i))


class PromptKernels:
    """The `prompt_` half of `engine.chatterbox.t3.kernels.T3Kernels`."""

    def __init__(self, options: dict[str, bool]) -> None:
        self._options = options

    def prompt_norm(self, residual: Tensor, dtype: torch.dtype) -> Tensor:
        normed = torch.empty_like(residual, dtype=dtype)
        rows = residual.flatten(0, 1)
        norm(self._options, rows, rows, normed)
        return normed

    def prompt_heads(
        self, qkv: Tensor, before: Tensor, rotary: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        rows, count, triple = qkv.shape
        heads, start = triple // (3 * HEAD_DIM), before.shape[3]
        query = qkv.new_empty(rows, heads, count, HEAD_DIM)
        both = qkv.new_empty(2, rows, heads, start + count, HEAD_DIM)
        heads_kernel[(start + count, rows)](
            qkv,
            before,
            *rotary,
            query,
            both,
            count,
            start,
            before.stride(1),
            before.stride(0),
            HEADS=heads,
            HEAD_DIM=HEAD_DIM,
            **self._options,
        )
        return query, both

    def prompt_gate(self, gate_up: Tensor) -> Tensor:
        gated = gate_up.new_empty(*gate_up.shape[:-1], gate_up.shape[-1] // 2)
        gate(self._options, gate_up, gated.flatten(0, 1))
        return gated

    def prompt_add(self, residual: Tensor, vectors: Tensor, weight: Tensor) -> None:
        multiply_add(residual.flatten(0, 1), vectors.flatten(0, 1), weight)
