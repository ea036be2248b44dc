"""S3Gen's kernels where an NVIDIA GPU runs Triton: those that are faster than ours in CUDA C++.

Products read half precision and sum in fp32; the residual stream, norms and softmax are fp32.
Tested against `reference`. Block sizes, and which products are the library's, are what won on an
H100 or H200; where they do not fit the 100 KB of shared memory that a consumer card has, there is a
smaller form.
"""

import math

import torch
import triton
from torch import Tensor

from engine.chatterbox.cuda.launch import chain_options
from engine.chatterbox.s3gen.kernels.blocks import (
    attend_kernel,
    linear_kernel,
    norm_kernel,
    normed_conv_kernel,
    product_kernel,
    snake_kernel,
)
from engine.chatterbox.s3gen.kernels.cuda import CudaS3GenKernels, snake_tensors
from engine.chatterbox.s3gen.kernels.protocol import Activation
from engine.chatterbox.s3gen.kernels.reference import EPSILON, TAPS
from engine.chatterbox.s3gen.layout import Linear
from engine.chatterbox.s3gen.weights import NormedConv

LARGE = 8192  # rows from which larger blocks pay
MANY_PROGRAMS = 100  # fewer do not fill an H100, and smaller blocks are better
NORM_ROWS = 4
SNAKE_BLOCK = 1024
#: Blocks of 64 queries of one head, from which fewer keys at a time are better.
MANY_QUERIES = 1024
#: Compute capabilities with 160 KB of shared memory and more; others have 100 KB.
DATA_CENTRE = ((8, 0), (9, 0), (10, 0))


class FusedS3GenKernels(CudaS3GenKernels):
    """See `S3GenKernels` in `protocol` for what each of these computes."""

    def __init__(self, device: torch.device, dtype: torch.dtype) -> None:
        """Raises what `CudaS3GenKernels` does."""
        super().__init__(device, dtype)
        self._much_shared_memory = torch.cuda.get_device_capability(device) in DATA_CENTRE
        self._options = chain_options(device)

    def norm_linear(
        self, stream: Tensor, ahead: Tensor, product: Linear, activation: Activation
    ) -> Tensor:
        width = stream.shape[-1]
        count = stream.numel() // width
        if count >= LARGE:
            return super().norm_linear(stream, ahead, product, activation)
        normed = torch.empty_like(stream, dtype=product.weight.dtype)
        norm_kernel[(triton.cdiv(count, NORM_ROWS),)](
            stream,
            ahead,
            normed,
            count,
            EPSILON,
            width=width,
            block_rows=NORM_ROWS,
            num_warps=4,
            **self._options,
        )
        return self._product(normed, product, gelu=activation == "gelu")

    def _product(self, rows: Tensor, product: Linear, *, gelu: bool) -> Tensor:
        """The product, rounded to the weight's dtype, or GELU of it."""
        outputs, inputs = product.weight.shape
        count = rows.numel() // inputs
        result = rows.new_empty(*rows.shape[:-1], outputs)
        block_rows, block_columns, warps, stages = _product_blocks(count, outputs)
        product_kernel[triton.cdiv(count, block_rows), outputs // block_columns](
            rows,
            product.weight,
            product.bias,
            result,
            count,
            inputs=inputs,
            outputs=outputs,
            gelu=gelu,
            block_rows=block_rows,
            block_columns=block_columns,
            block_depth=64,
            num_warps=warps,
            num_stages=stages,
            **self._options,
        )
        return result

    def attend(self, qkv: Tensor, heads: int, lengths: Tensor) -> Tensor:
        batch, time, triple = qkv.shape
        head_width = triple // (3 * heads)
        result = qkv.new_empty(batch, time, triple // 3)
        block_rows = 64
        blocks = triton.cdiv(time, block_rows), batch * heads
        many = math.prod(blocks) >= MANY_QUERIES
        attend_kernel[blocks](
            qkv,
            lengths,
            result,
            time,
            math.log2(math.e) / math.sqrt(head_width),
            heads=heads,
            head_width=head_width,
            block_rows=block_rows,
            block_columns=64 if many else 128,
            num_warps=4,
            num_stages=3 if self._much_shared_memory else 2,
            **self._options,
        )
        return result

    def normed_conv(
        self, rows: Tensor, block: NormedConv, *, shift: Tensor | None, stream: Tensor | None
    ) -> Tensor:
        batch, time, channels = rows.shape
        weight = block.conv.weight
        result = stream
        if result is None:
            result = rows.new_empty(batch, time, len(weight), dtype=weight.dtype)
        large = batch * time >= LARGE
        block_rows = 64 if large else 16
        normed_conv_kernel[triton.cdiv(time, block_rows), batch](
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
            block_depth=_depth(channels) if self._much_shared_memory and not large else 64,
            num_warps=8 if large else 4,
            num_stages=2 if large else 3,
            **self._options,
        )
        return result

    def _multiply(self, rows: Tensor, product: Linear, *, taps: int) -> Tensor:
        batch, time, channels = rows.shape
        outputs = len(product.weight)
        result = rows.new_empty(batch, time, outputs, dtype=torch.float32)
        large = batch * time >= LARGE
        block_rows, block_columns = (128, 128) if large else (64, 64)
        linear_kernel[triton.cdiv(time, block_rows), triton.cdiv(outputs, block_columns), batch](
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
            **self._options,
        )
        return result

    def snake(
        self, signal: Tensor, added: Tensor | None, alpha: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor]:
        signal, added, total, bent = snake_tensors(signal, added)
        _batch, channels, _, time = signal.shape
        snake_kernel[(triton.cdiv(signal.numel(), SNAKE_BLOCK),)](
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


def _product_blocks(count: int, outputs: int) -> tuple[int, int, int, int]:
    """Rows and columns of one program of a product, its warps, and its stages."""
    if outputs % 128 or triton.cdiv(count, 64) * (outputs // 128) < MANY_PROGRAMS:
        return 64, 64, 4, 4
    return 64, 128, 4, 3


def _depth(channels: int) -> int:
    """How much of a row one step of a product takes: 128, where that divides it."""
    return 64 if channels % 128 else 128
