"""S3Gen's kernels in CUDA C++, compiled by NVRTC: neither Triton nor a C compiler is needed.

Products read half precision and sum in fp32; the residual stream, norms and softmax are fp32.
Tested against `reference`. Plain products are the library's, which has some for each kind of card;
what it has not is here. No form needs more than the 99 KB of shared memory of a consumer card;
which one a size takes is what won on an H200.
"""

import ctypes
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.cuda.program import HOPPER, Kernel, Program, SourceFile
from engine.chatterbox.s3gen.kernels.hopper import HopperKernels
from engine.chatterbox.s3gen.kernels.protocol import Activation
from engine.chatterbox.s3gen.kernels.reference import TAPS, ReferenceS3GenKernels
from engine.chatterbox.s3gen.layout import Linear
from engine.chatterbox.s3gen.weights import EstimatorBlock, NormedConv, TransformerLayer

WIDTH = 256  # of rows that are normalised; other widths take the plain forms
HEAD_WIDTH = 64
LARGE = 8192  # rows from which larger tiles pay
MANY_BLOCKS = 400  # of 64 queries of one head: from there on no two warps share their queries

_PACKAGE = "engine.chatterbox.s3gen.kernels"
_DEPTH = 64  # inputs that a tile takes at a time
_HALF, _WIDE = 2 * _DEPTH, 4 * (_DEPTH + 8)  # bytes of a tile's row, of halves and of fp32


class BlockForm(NamedTuple):
    """One size of a kernel: rows and columns of a block, its threads, its dynamic shared memory."""

    rows: int
    columns: int
    threads: int
    shared: int = 0


def _tile(rows: int, columns: int, stages: int, *, wide: bool = False) -> BlockForm:
    step = rows * (_WIDE if wide else _HALF) + columns * _HALF
    return BlockForm(rows, columns, 2 * rows, stages * step)


def queries_form(warps: int, parts: int, stages: int) -> BlockForm:
    """Of attention by so many times `parts` warps: see `attention_step.cuh`."""
    halves = (16 * warps + 2 * stages * 64 * parts) * HEAD_WIDTH
    return BlockForm(16 * warps, 1, 32 * warps * parts, 2 * halves)


#: By source and kernel.
FORMS = {
    "products": {
        "kept_64x64": _tile(64, 64, 6),
        "kept_128x128": _tile(128, 128, 3),
        "kept_wide_64x64": _tile(64, 64, 3, wide=True),
        "kept_wide_128x64": _tile(128, 64, 2, wide=True),
    },
    "attention": {
        "attention_64_in_two": queries_form(4, 2, 2),
        "attention_128": queries_form(8, 1, 3),
    },
    "rows": {
        "norm_rows": BlockForm(4, WIDTH, 128),
        "norm_mish": BlockForm(4, WIDTH, 128),
        "curve": BlockForm(1, 2048, 256),
        "snake": BlockForm(1, 1024, 256),
        "advance": BlockForm(1, 1024, 256),
    },
}


def sources(dtype: torch.dtype, *, as_elsewhere: bool = False) -> dict[str, SourceFile]:
    """What is compiled for a precision, by name; without what Hopper alone can, if so asked."""
    defines = {"BF16": int(dtype == torch.bfloat16)}
    if as_elsewhere:
        defines["AS_ELSEWHERE"] = 1
    return {name: SourceFile(_PACKAGE, f"{name}.cu", defines) for name in FORMS}


def snake_tensors(
    signal: Tensor, added: Tensor | None
) -> tuple[Tensor, Tensor | None, Tensor, Tensor]:
    """What a snake kernel reads, and where it writes the sum and the bent signal.

    Channels lie last. Where nothing is added, the sum is the signal itself.
    """
    signal = signal.contiguous(memory_format=torch.channels_last)
    if added is None:
        return signal, None, signal, torch.empty_like(signal)
    added = added.contiguous(memory_format=torch.channels_last)
    return signal, added, torch.empty_like(signal), torch.empty_like(signal)


class CudaS3GenKernels(ReferenceS3GenKernels):
    """See `S3GenKernels` in `protocol` for what each of these computes."""

    def __init__(
        self, device: torch.device, dtype: torch.dtype, *, as_elsewhere: bool = False
    ) -> None:
        """`as_elsewhere` does on Hopper what other cards do, for tests.

        Raises `LibraryMissing`, `CompileError` or `DriverError`.
        """
        self._kernels: dict[str, tuple[Kernel, BlockForm]] = {}
        for source, file in sources(dtype, as_elsewhere=as_elsewhere).items():
            program = Program(file, device)
            self._behind = program.behind
            for name, form in FORMS[source].items():
                self._kernels[name] = program.kernel(name, shared=form.shared), form
        on_hopper = torch.cuda.get_device_capability(device) == HOPPER and not as_elsewhere
        self._hopper = HopperKernels(device, dtype) if on_hopper else None

    def block(
        self,
        rows: Tensor,
        block: EstimatorBlock,
        lengths: Tensor,
        step: int,
        skip: Tensor | None = None,
    ) -> Tensor:
        hopper = self._hopper
        fit = HopperKernels.layers_fit(rows.shape[1], block.layers)
        if hopper and fit and hopper.resnet_fits(rows, block, skip):
            return hopper.block(rows, block, lengths, step, skip)
        return super().block(rows, block, lengths, step, skip)

    def resnet(self, rows: Tensor, block: EstimatorBlock, step: int) -> Tensor:
        if self._hopper and self._hopper.resnet_fits(rows, block):
            return self._hopper.resnet(rows, block, step)
        return super().resnet(rows, block, step)

    def transform(
        self, stream: Tensor, layers: tuple[TransformerLayer, ...], heads: int, lengths: Tensor
    ) -> None:
        if self._hopper and HopperKernels.layers_fit(stream.shape[1], layers):
            self._hopper.transform(stream, layers, lengths)
        else:
            super().transform(stream, layers, heads, lengths)

    def norm_linear(
        self, stream: Tensor, ahead: Tensor, product: Linear, activation: Activation
    ) -> Tensor:
        if stream.shape[-1] != WIDTH:
            return super().norm_linear(stream, ahead, product, activation)
        rows = torch.empty_like(stream, dtype=product.weight.dtype)
        count = stream.numel() // WIDTH
        self._launch("norm_rows", (count, 1), stream, ahead, rows, count)
        result = functional.linear(rows, product.weight, product.bias)
        if activation == "gelu":
            size = result.numel()
            self._launch("curve", (1, size), result, ctypes.c_int64(size))
        return result

    def add_product(self, stream: Tensor, rows: Tensor, weight: Tensor) -> None:
        total = stream.flatten(0, -2)
        # The public addmm has no form with half-precision factors, an fp32 sum and `out`.
        torch.ops.aten.addmm.dtype_out(
            total, rows.flatten(0, -2), weight.T, torch.float32, out=total
        )

    def linear(self, rows: Tensor, product: Linear) -> Tensor:
        flat = rows.view(1, -1, rows.shape[-1])
        return self._multiply(flat, product, taps=1).view(*rows.shape[:-1], -1)

    def causal_conv(self, rows: Tensor, product: Linear) -> Tensor:
        wide = rows.dtype == torch.float32
        if wide and self._hopper and self._hopper.conv_fits(rows, product):
            return self._hopper.causal_conv(rows, product)
        return self._multiply(rows, product, taps=TAPS)

    def _multiply(self, rows: Tensor, product: Linear, *, taps: int) -> Tensor:
        batch, time, channels = rows.shape
        outputs = len(product.weight)
        result = rows.new_empty(batch, time, outputs, dtype=torch.float32)
        large = batch * time >= LARGE
        if rows.dtype == torch.float32:
            name = "kept_wide_128x64" if large else "kept_wide_64x64"
        else:
            name = "kept_128x128" if large else "kept_64x64"
        factors = (rows, product.weight, product.bias, result)
        self._launch(name, (time, outputs, batch), *factors, time, channels, outputs, taps)
        return result

    def attend(self, qkv: Tensor, heads: int, lengths: Tensor) -> Tensor:
        batch, time, triple = qkv.shape
        result = qkv.new_empty(batch, time, triple // 3)
        many = -(-time // 64) * batch * heads >= MANY_BLOCKS
        name = "attention_128" if many else "attention_64_in_two"
        scale = math.log2(math.e) / math.sqrt(HEAD_WIDTH)
        self._launch(name, (time, batch * heads), qkv, lengths, result, time, heads, scale)
        return result

    def normed_conv(
        self, rows: Tensor, block: NormedConv, *, shift: Tensor | None, stream: Tensor | None
    ) -> Tensor:
        if len(block.gain) != WIDTH:
            return super().normed_conv(rows, block, shift=shift, stream=stream)
        if self._hopper and self._hopper.normed_conv_fits(rows, block.conv, stream):
            return self._hopper.normed_conv(rows, block, shift=shift, stream=stream)
        convolved = self.causal_conv(rows, block.conv)
        count = convolved.numel() // WIDTH
        rounded: Tensor | None = None
        if stream is None:
            rounded = torch.empty_like(convolved, dtype=block.conv.weight.dtype)
        affine = (block.gain, block.bias, shift)
        self._launch("norm_mish", (count, 1), convolved, *affine, rounded, stream, count)
        result = stream if rounded is None else rounded
        assert result is not None
        return result

    def advance(
        self, mel: Tensor, slope: Tensor, shares: Sequence[float], features: Tensor
    ) -> None:
        first, *others = shares
        bins, width = mel.shape[-1], features.shape[-1]
        of_rows = (first, sum(others, 0.0), len(shares), bins, width)
        self._launch("advance", (1, mel.numel()), mel, slope, features, mel.numel(), *of_rows)

    def snake(
        self, signal: Tensor, added: Tensor | None, alpha: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor]:
        signal, added, total, bent = snake_tensors(signal, added)
        _batch, channels, _, time = signal.shape
        size = signal.numel()
        signals = (signal, added, alpha, lengths, total, bent)
        self._launch("snake", (1, size), *signals, time, channels, ctypes.c_int64(size))
        return total, bent

    def _launch(self, name: str, size: tuple[int, ...], *arguments: Any) -> None:
        """As many blocks as `size`, rows and columns and whatever else, takes.

        A tensor that is not there is a null pointer. Every kernel waits for those before it.
        """
        kernel, form = self._kernels[name]
        rows, columns, *more = size
        grid = (-(-rows // form.rows), -(-columns // form.columns), *more)
        if form.rows == 1:
            grid = (grid[1], grid[0])  # of many numbers: the other way the grid would be too small
        given = [ctypes.c_void_p() if each is None else each for each in arguments]
        kernel(grid, form.threads, *given, shared=form.shared, behind=self._behind)
