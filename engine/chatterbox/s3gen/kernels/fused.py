"""S3Gen's kernels where an NVIDIA GPU runs Triton: cuBLAS for products, Triton for what is between.

Products read half precision and sum in fp32; the residual stream, norms and softmax are fp32.
Tested against `reference`. Block sizes are those that won on an H100 and fit the 100 KB of shared
memory that a consumer Blackwell has. cuBLAS beat a Triton product with the norm fused in.
"""

# Triton is untyped and takes no annotations but its own; a kernel's arguments are positional.
# mypy: disable-error-code="untyped-decorator, no-untyped-def, no-untyped-call"
# ruff: noqa: ANN202

import math
from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.s3gen.kernels.reference import EPSILON, TAPS
from engine.chatterbox.s3gen.weights import Linear, NormedConv

if TYPE_CHECKING:
    from engine.chatterbox.s3gen.kernels import Activation

LARGE = 8192  # rows from which larger blocks pay
NORM_ROWS = 4
SNAKE_BLOCK = 1024


class FusedKernels:
    """See `engine.chatterbox.s3gen.kernels.Kernels` for what each of these computes."""

    def norm_linear(
        self, stream: Tensor, ahead: Tensor, product: Linear, activation: "Activation"
    ) -> Tensor:
        """Normalise each row of `stream - ahead` to zero mean and unit variance, then multiply."""
        width = stream.shape[-1]
        count = stream.numel() // width
        normed = torch.empty_like(stream, dtype=product.weight.dtype)
        _norm[(triton.cdiv(count, NORM_ROWS),)](
            stream, ahead, normed, count, EPSILON, width=width, block_rows=NORM_ROWS, num_warps=4
        )
        result = functional.linear(normed, product.weight, product.bias)
        return functional.gelu(result) if activation == "gelu" else result

    def add_product(self, stream: Tensor, rows: Tensor, weight: Tensor) -> None:
        """`stream` (fp32) grows by `rows` times the transposed weight, in place."""
        total = stream.flatten(0, -2)
        # The public addmm has no form with half-precision factors, an fp32 sum and `out`.
        torch.ops.aten.addmm.dtype_out(
            total, rows.flatten(0, -2), weight.T, torch.float32, out=total
        )

    def linear(self, rows: Tensor, product: Linear) -> Tensor:
        """The product in fp32, of rows in any dtype rounded to the weight's."""
        result = rows.new_empty(*rows.shape[:-1], len(product.weight), dtype=torch.float32)
        _multiply(rows.view(1, -1, rows.shape[-1]), product, result, taps=1)
        return result

    def attend(self, qkv: Tensor, heads: int, lengths: Tensor) -> Tensor:
        """Attention within each item's first `lengths` rows; qkv is (batch, time, 3 * inner)."""
        batch, time, triple = qkv.shape
        head_width = triple // (3 * heads)
        result = qkv.new_empty(batch, time, triple // 3)
        block_rows, block_columns = 64, 128
        _attend[triton.cdiv(time, block_rows), batch * heads](
            qkv,
            lengths,
            result,
            time,
            math.log2(math.e) / math.sqrt(head_width),
            heads=heads,
            head_width=head_width,
            block_rows=block_rows,
            block_columns=block_columns,
            num_warps=4,
            num_stages=3,
        )
        return result

    def causal_conv(self, rows: Tensor, product: Linear) -> Tensor:
        """Three taps: a row and the two before it, zero before the first; in fp32."""
        result = rows.new_empty(*rows.shape[:-1], len(product.weight), dtype=torch.float32)
        _multiply(rows, product, result, taps=TAPS)
        return result

    def normed_conv(
        self, rows: Tensor, block: NormedConv, *, shift: Tensor | None, stream: Tensor | None
    ) -> Tensor:
        """Causal convolution, norm and Mish, plus `shift`, added to `stream` if there is one."""
        batch, time, channels = rows.shape
        weight = block.conv.weight
        result = stream
        if result is None:
            result = rows.new_empty(batch, time, len(weight), dtype=weight.dtype)
        large = batch * time >= LARGE
        block_rows = 64 if large else 16
        _normed_conv[triton.cdiv(time, block_rows), batch](
            rows,
            weight,
            block.conv.bias,
            block.gain,
            block.bias,
            block.bias if shift is None else shift,
            result,
            time,
            EPSILON,
            channels=channels,
            outputs=len(weight),
            taps=TAPS,
            shifted=shift is not None,
            add=stream is not None,
            block_rows=block_rows,
            block_depth=64 if large else _depth(channels),
            num_warps=8 if large else 4,
            num_stages=2 if large else 3,
        )
        return result

    def snake(
        self, signal: Tensor, added: Tensor | None, alpha: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor]:
        """`x = signal + added`, and Snake of it, zero past the length."""
        signal = signal.contiguous(memory_format=torch.channels_last)
        bent = torch.empty_like(signal)
        total = signal
        if added is not None:
            added = added.contiguous(memory_format=torch.channels_last)
            total = torch.empty_like(signal)
        _batch, channels, _, time = signal.shape
        _snake[(triton.cdiv(signal.numel(), SNAKE_BLOCK),)](
            signal,
            added,
            alpha,
            lengths,
            total,
            bent,
            time,
            signal.numel(),
            channels=channels,
            add=added is not None,
            block=SNAKE_BLOCK,
            num_warps=4,
        )
        return total, bent


def _depth(channels: int) -> int:
    """How much of a row one step of a product takes: 128, where that divides it."""
    return 64 if channels % 128 else 128


def _multiply(rows: Tensor, product: Linear, result: Tensor, *, taps: int) -> None:
    batch, time, channels = rows.shape
    outputs = len(product.weight)
    large = batch * time >= LARGE
    block_rows, block_columns = (128, 128) if large else (64, 64)
    _linear[triton.cdiv(time, block_rows), triton.cdiv(outputs, block_columns), batch](
        rows,
        product.weight,
        product.bias,
        result,
        time,
        channels=channels,
        outputs=outputs,
        taps=taps,
        block_rows=block_rows,
        block_columns=block_columns,
        block_depth=64 if large else _depth(channels),
        num_warps=8 if large else 4,
        num_stages=3,
    )


@triton.jit
def _norm(
    stream,
    ahead,
    normed,
    count,
    epsilon,
    width: tl.constexpr,
    block_rows: tl.constexpr,
):
    row = tl.program_id(0) * block_rows + tl.arange(0, block_rows)
    column = tl.arange(0, width)
    inside = (row < count)[:, None]
    place = row[:, None] * width + column
    x = tl.load(stream + place, mask=inside, other=0) - tl.load(ahead + column)[None, :]
    x -= tl.sum(x, 1)[:, None] / width
    variance = tl.sum(x * x, 1) / width
    x *= (1 / tl.sqrt(variance + epsilon))[:, None]
    tl.store(normed + place, x.to(normed.dtype.element_ty), mask=inside)


@triton.jit
def _windowed_product(
    rows,
    weight,
    row,
    column,
    time,
    channels: tl.constexpr,
    outputs: tl.constexpr,
    taps: tl.constexpr,
    block_rows: tl.constexpr,
    block_columns: tl.constexpr,
    block_depth: tl.constexpr,
):
    """Rows and those before them times the columns of `weight`, whose rows hold all taps."""
    product = tl.zeros((block_rows, block_columns), tl.float32)
    for start in range(0, taps * channels, block_depth):
        depth = start + tl.arange(0, block_depth)
        source = row + start // channels - (taps - 1)
        inside = ((source >= 0) & (source < time))[:, None]
        place = rows + source[:, None] * channels + (start % channels + tl.arange(0, block_depth))
        x = tl.load(place, mask=inside, other=0).to(weight.dtype.element_ty)
        known = (column < outputs)[None, :]
        place = weight + column[None, :] * (taps * channels) + depth[:, None]
        product += tl.dot(x, tl.load(place, mask=known, other=0))
    return product


@triton.jit
def _linear(
    rows,
    weight,
    bias,
    result,
    time,
    channels: tl.constexpr,
    outputs: tl.constexpr,
    taps: tl.constexpr,
    block_rows: tl.constexpr,
    block_columns: tl.constexpr,
    block_depth: tl.constexpr,
):
    item = tl.program_id(2)
    row = tl.program_id(0) * block_rows + tl.arange(0, block_rows)
    column = tl.program_id(1) * block_columns + tl.arange(0, block_columns)
    product = _windowed_product(
        rows + item * time * channels,
        weight,
        row,
        column,
        time,
        channels,
        outputs,
        taps,
        block_rows,
        block_columns,
        block_depth,
    )
    product += tl.load(bias + column, mask=column < outputs, other=0)[None, :]
    inside = (row < time)[:, None] & (column < outputs)[None, :]
    place = result + (item * time + row[:, None]) * outputs + column
    tl.store(place, product, mask=inside)


@triton.jit
def _normed_conv(
    rows,
    weight,
    bias,
    gain,
    norm_bias,
    shift,
    result,
    time,
    epsilon,
    channels: tl.constexpr,
    outputs: tl.constexpr,
    taps: tl.constexpr,
    shifted: tl.constexpr,
    add: tl.constexpr,
    block_rows: tl.constexpr,
    block_depth: tl.constexpr,
):
    item = tl.program_id(1)
    row = tl.program_id(0) * block_rows + tl.arange(0, block_rows)
    column = tl.arange(0, outputs)
    x = _windowed_product(
        rows + item * time * channels,
        weight,
        row,
        column,
        time,
        channels,
        outputs,
        taps,
        block_rows,
        outputs,
        block_depth,
    )
    x += tl.load(bias + column)[None, :]
    x -= tl.sum(x, 1)[:, None] / outputs
    variance = tl.sum(x * x, 1) / outputs
    x *= (1 / tl.sqrt(variance + epsilon))[:, None]
    x = x * tl.load(gain + column)[None, :] + tl.load(norm_bias + column)[None, :]
    # Mish is x tanh(log(1 + e^x)); with e = e^x its tanh is (e^2 + 2e) / (e^2 + 2e + 2).
    e = tl.exp(tl.minimum(x, 20.0))
    x = x * (e * (e + 2)) / (e * (e + 2) + 2)
    if shifted:
        x += tl.load(shift + column)[None, :]
    inside = (row < time)[:, None]
    place = result + (item * time + row[:, None]) * outputs + column
    if add:
        x += tl.load(place, mask=inside, other=0)
    tl.store(place, x.to(result.dtype.element_ty), mask=inside)


@triton.jit
def _attend(
    qkv,
    lengths,
    result,
    time,
    scale,
    heads: tl.constexpr,
    head_width: tl.constexpr,
    block_rows: tl.constexpr,
    block_columns: tl.constexpr,
):
    """Attention in one pass over the keys, with a running maximum (Milakov and Gimelshein 2018)."""
    item, head = tl.program_id(1) // heads, tl.program_id(1) % heads
    first = tl.program_id(0) * block_rows
    length = tl.load(lengths + item).to(tl.int32)
    row = first + tl.arange(0, block_rows)
    width = tl.arange(0, head_width)
    stride: tl.constexpr = 3 * heads * head_width
    base = qkv + item * time * stride + head * head_width
    inside = (row < time)[:, None]
    query = tl.load(base + row[:, None] * stride + width, mask=inside, other=0)
    highest = tl.full((block_rows,), float("-inf"), tl.float32)
    total = tl.zeros((block_rows,), tl.float32)
    attended = tl.zeros((block_rows, head_width), tl.float32)
    # A block that begins past the item's end attends to nothing and comes out zero.
    end = tl.where(first < length, length, 0)
    for start in range(0, end, block_columns):
        column = start + tl.arange(0, block_columns)
        used = column < length
        place = base + heads * head_width + column[None, :] * stride + width[:, None]
        key = tl.load(place, mask=used[None, :], other=0)
        scores = tl.where(used[None, :], tl.dot(query, key) * scale, float("-inf"))
        raised = tl.maximum(highest, tl.max(scores, 1))
        share = tl.exp2(scores - raised[:, None])
        kept = tl.exp2(highest - raised)
        total = total * kept + tl.sum(share, 1)
        place = base + 2 * heads * head_width + column[:, None] * stride + width
        value = tl.load(place, mask=used[:, None], other=0)
        attended = attended * kept[:, None] + tl.dot(share.to(value.dtype), value)
        highest = raised
    attended = attended / tl.maximum(total, 1e-30)[:, None]
    place = result + (item * time + row[:, None]) * (heads * head_width) + head * head_width + width
    tl.store(place, attended.to(result.dtype.element_ty), mask=inside)


@triton.jit
def _snake(
    signal,
    added,
    alpha,
    lengths,
    total,
    bent,
    time,
    size,
    channels: tl.constexpr,
    add: tl.constexpr,
    block: tl.constexpr,
):
    index = tl.program_id(0) * block + tl.arange(0, block)
    inside = index < size
    sample = index // channels
    length = tl.load(lengths + sample // time, mask=inside, other=0)
    x = tl.load(signal + index, mask=inside, other=0)
    if add:
        x += tl.load(added + index, mask=inside, other=0)
        tl.store(total + index, x, mask=inside)
    scale = tl.load(alpha + index % channels, mask=inside, other=1)
    sine = tl.sin(x * scale)
    curved = tl.where(sample % time < length, x + sine * sine / (scale + 1e-9), 0.0)
    tl.store(bent + index, curved, mask=inside)
