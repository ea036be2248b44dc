"""S3Gen's kernels on an NVIDIA GPU, compiled by NVRTC: neither Triton nor a C compiler is needed.

Products read half precision and sum in fp32; the residual stream, norms and softmax are fp32.
Tested against `reference`. Which form a size takes is what won on an H200; none needs more shared
memory than the 99 KB of a consumer card. Where a product is large, the library's is used: its
kernels are written for each kind of card.
"""

import ctypes
import math
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.cuda.program import Kernel, Program, SourceFile
from engine.chatterbox.s3gen.kernels.protocol import Activation
from engine.chatterbox.s3gen.kernels.reference import TAPS, ReferenceS3GenKernels
from engine.chatterbox.s3gen.layout import Linear
from engine.chatterbox.s3gen.weights import NormedConv

WIDTH = 256  # of rows that are normalised; other widths take the plain forms
HEAD_WIDTH = 64
LARGE = 8192  # rows from which the library's products win
MANY_BLOCKS = 1024  # of 64 queries of one head, from which a warp takes its queries alone

_PACKAGE = "engine.chatterbox.s3gen.kernels"
_DEPTH = 64  # inputs that a tile takes at a time
_HALF, _WIDE = 2 * _DEPTH, 4 * (_DEPTH + 8)  # bytes of a tile's row, of halves and of fp32
_NORM_ROWS, _SNAKE_NUMBERS, _CURVE_NUMBERS = 4, 1024, 2048  # of one block


def sources(dtype: torch.dtype, *, as_elsewhere: bool = False) -> dict[str, SourceFile]:
    """What is compiled for a precision, by name; without what Hopper alone can, if so asked."""
    defines = {"BF16": int(dtype == torch.bfloat16)}
    if as_elsewhere:
        defines["AS_ELSEWHERE"] = 1
    names = ("products", "attention", "rows")
    return {name: SourceFile(_PACKAGE, f"{name}.cu", defines) for name in names}


class _Form(NamedTuple):
    """One size of a kernel: the rows and columns of a block, its threads and shared memory."""

    rows: int
    columns: int
    threads: int
    shared: int


def _tile(rows: int, columns: int, stages: int, *, wide: bool = False) -> _Form:
    step = rows * (_WIDE if wide else _HALF) + columns * _HALF
    return _Form(rows, columns, 2 * rows, stages * step)


def _normed_tile(rows: int, columns: int) -> _Form:
    """Whole rows, and the weights of all steps."""
    return _Form(rows, columns, 2 * rows, (rows + columns) * WIDTH * 2)


def _queries(warps: int, parts: int, stages: int) -> _Form:
    halves = (16 * warps + 2 * stages * 64 * parts) * HEAD_WIDTH
    return _Form(16 * warps, 1, 32 * warps * parts, 2 * halves)


FORMS: dict[str, dict[str, _Form]] = {
    "products": {
        "added_64x64": _tile(64, 64, 6),
        "kept_64x64": _tile(64, 64, 6),
        "kept_128x128": _tile(128, 128, 3),
        "kept_wide_64x64": _tile(64, 64, 3, wide=True),
        "kept_wide_128x64": _tile(128, 64, 2, wide=True),
        "curved_128x128": _tile(128, 128, 3),
        "normed_64x64": _normed_tile(64, 64),
        "normed_64x128": _normed_tile(64, 128),
        "normed_curved_64x64": _normed_tile(64, 64),
        "normed_curved_64x128": _normed_tile(64, 128),
    },
    "attention": {
        "attention_64": _queries(4, 1, 3),
        "attention_64_in_two": _queries(4, 2, 2),
        "attention_128": _queries(8, 1, 3),
    },
    "rows": dict.fromkeys(
        ("norm_rows", "norm_mish", "curve", "snake"), _Form(_NORM_ROWS, WIDTH, 256, 0)
    ),
}


class CudaS3GenKernels(ReferenceS3GenKernels):
    """See `S3GenKernels` in `protocol` for what each of these computes."""

    def __init__(
        self, device: torch.device, dtype: torch.dtype, *, as_elsewhere: bool = False
    ) -> None:
        """Raises `LibraryMissing`, `CompileError` or `DriverError`.

        `as_elsewhere` does on Hopper what other cards do, for tests.
        """
        self._kernels: dict[str, Kernel] = {}
        for source, file in sources(dtype, as_elsewhere=as_elsewhere).items():
            program = Program(file, device)
            self._behind = program.behind
            for name, form in FORMS[source].items():
                self._kernels[name] = program.kernel(name, shared=form.shared)

    def norm_linear(
        self, stream: Tensor, ahead: Tensor, product: Linear, activation: Activation
    ) -> Tensor:
        if stream.shape[-1] != WIDTH:
            return super().norm_linear(stream, ahead, product, activation)
        count = stream.numel() // WIDTH
        if count < LARGE:
            name = "normed_64x128" if activation == "none" else "normed_curved_64x128"
            return self._normed(name, stream, ahead, product)
        rows = stream.new_empty(stream.shape, dtype=product.weight.dtype)
        self._launch("norm_rows", (_blocks(count, _NORM_ROWS),), 128, stream, ahead, rows, count)
        result = functional.linear(rows, product.weight, product.bias)
        if activation == "gelu":
            grid = (_blocks(result.numel(), _CURVE_NUMBERS),)
            self._launch("curve", grid, 256, result, ctypes.c_int64(result.numel()))
        return result

    def _normed(self, name: str, stream: Tensor, ahead: Tensor, product: Linear) -> Tensor:
        form, outputs = FORMS["products"][name], len(product.weight)
        count = stream.numel() // WIDTH
        result = stream.new_empty(*stream.shape[:-1], outputs, dtype=product.weight.dtype)
        self._launch(
            name,
            (_blocks(count, form.rows), _blocks(outputs, form.columns)),
            form.threads,
            stream,
            ahead,
            product.weight,
            product.bias,
            result,
            count,
            outputs,
            shared=form.shared,
        )
        return result

    def add_product(self, stream: Tensor, rows: Tensor, weight: Tensor) -> None:
        count = rows.numel() // rows.shape[-1]
        if count < LARGE:
            flat = rows.view(1, count, -1)
            self._windowed("added_64x64", flat, weight, None, stream, taps=1)
            return
        # The public addmm has no form with half-precision factors, an fp32 sum and `out`.
        total = stream.flatten(0, -2)
        torch.ops.aten.addmm.dtype_out(
            total, rows.flatten(0, -2), weight.T, torch.float32, out=total
        )

    def linear(self, rows: Tensor, product: Linear) -> Tensor:
        flat = rows.view(1, -1, rows.shape[-1])
        return self._kept(flat, product, taps=1).view(*rows.shape[:-1], -1)

    def causal_conv(self, rows: Tensor, product: Linear) -> Tensor:
        return self._kept(rows, product, taps=TAPS)

    def _kept(self, rows: Tensor, product: Linear, *, taps: int) -> Tensor:
        """The product of windows, in fp32."""
        batch, time, _ = rows.shape
        result = rows.new_empty(batch, time, len(product.weight), dtype=torch.float32)
        large = batch * time >= LARGE
        if rows.dtype == torch.float32:
            name = "kept_wide_128x64" if large else "kept_wide_64x64"
        else:
            name = "kept_128x128" if large else "kept_64x64"
        self._windowed(name, rows, product.weight, product.bias, result, taps=taps)
        return result

    def _windowed(
        self,
        name: str,
        rows: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        result: Tensor,
        *,
        taps: int,
    ) -> None:
        batch, time, channels = rows.shape
        form, outputs = FORMS["products"][name], len(weight)
        self._launch(
            name,
            (_blocks(time, form.rows), _blocks(outputs, form.columns), batch),
            form.threads,
            rows,
            weight,
            bias,
            result,
            time,
            channels,
            outputs,
            taps,
            shared=form.shared,
        )

    def attend(self, qkv: Tensor, heads: int, lengths: Tensor) -> Tensor:
        batch, time, triple = qkv.shape
        result = qkv.new_empty(batch, time, triple // 3)
        many = _blocks(time, 64) * batch * heads >= MANY_BLOCKS
        name = "attention_128" if many else "attention_64_in_two"
        form = FORMS["attention"][name]
        self._launch(
            name,
            (_blocks(time, form.rows), batch * heads),
            form.threads,
            qkv,
            lengths,
            result,
            time,
            heads,
            math.log2(math.e) / math.sqrt(HEAD_WIDTH),
            shared=form.shared,
        )
        return result

    def normed_conv(
        self, rows: Tensor, block: NormedConv, *, shift: Tensor | None, stream: Tensor | None
    ) -> Tensor:
        if len(block.gain) != WIDTH:
            return super().normed_conv(rows, block, shift=shift, stream=stream)
        convolved = self.causal_conv(rows, block.conv)
        count = convolved.numel() // WIDTH
        result = stream
        if result is None:
            result = convolved.new_empty(convolved.shape, dtype=block.conv.weight.dtype)
        self._launch(
            "norm_mish",
            (_blocks(count, _NORM_ROWS),),
            128,
            convolved,
            block.gain,
            block.bias,
            shift,
            None if stream is not None else result,
            stream,
            count,
        )
        return result

    def snake(
        self,
        signal: Tensor,
        added: Tensor | None,
        alpha: Tensor,
        lengths: Tensor,
        dtype: torch.dtype,
    ) -> tuple[Tensor, Tensor]:
        if dtype != torch.float16:
            return super().snake(signal, added, alpha, lengths, dtype)
        signal = signal.contiguous(memory_format=torch.channels_last)
        bent = torch.empty_like(signal, dtype=dtype)
        total = signal
        if added is not None:
            added = added.contiguous(memory_format=torch.channels_last)
            total = torch.empty_like(signal)
        _batch, channels, _, time = signal.shape
        wide = signal.dtype == torch.float32
        self._launch(
            "snake",
            (_blocks(signal.numel(), _SNAKE_NUMBERS),),
            256,
            signal if wide else None,
            None if wide else signal,
            added,
            alpha,
            lengths,
            total,
            bent,
            time,
            channels,
            ctypes.c_int64(signal.numel()),
        )
        return total, bent

    def _launch(
        self, name: str, grid: tuple[int, ...], threads: int, *arguments: Any, shared: int = 0
    ) -> None:
        """A tensor that is not there is a null pointer. Every kernel waits for those before it."""
        given = [ctypes.c_void_p() if each is None else each for each in arguments]
        self._kernels[name](grid, threads, *given, shared=shared, behind=self._behind)


def _blocks(size: int, of: int) -> int:
    return -(-size // of)
