"""What the encoder does between its products on an NVIDIA GPU, in CUDA C++.

See `encoder.cu` and `encoder_attention.cu`.
"""

import ctypes
import math
from typing import Any

import torch
from torch import Tensor

from engine.chatterbox.cuda.program import Kernel, Program, SourceFile
from engine.chatterbox.s3gen.kernels.cuda import HEAD_WIDTH, MANY_BLOCKS, BlockForm, queries_form
from engine.chatterbox.s3gen.kernels.reference import PlainEncoderKernels
from engine.chatterbox.s3gen.layout import Linear

WIDTH = 512  # of the stream; another one is left to plain torch
#: Scores of a head that are there at once, of as many items as that is: 130 MB of all heads.
MOST_SCORES = 1 << 22

FORMS = {
    "encoder": {"grow_and_norm": BlockForm(4, WIDTH, 128)},
    "encoder_attention": {
        "placed_64_in_two": queries_form(4, 2, 2),
        "placed_64": queries_form(4, 1, 3),
    },
}


def sources(_dtype: torch.dtype) -> dict[str, SourceFile]:
    """What is compiled, by name: the encoder multiplies in float16, whatever the estimator does."""
    package = "engine.chatterbox.s3gen.kernels"
    return {name: SourceFile(package, f"{name}.cu", {"BF16": 0}) for name in FORMS}


class CudaEncoderKernels(PlainEncoderKernels):
    """See `EncoderKernels`, of `WIDTH` and in float16. A product is added in fp32."""

    def __init__(self, device: torch.device) -> None:
        """Raises `LibraryMissing`, `CompileError` or `DriverError`."""
        self._kernels: dict[str, tuple[Kernel, BlockForm]] = {}
        for source, file in sources(torch.float16).items():
            program = Program(file, device)
            self._behind = program.behind
            for name, form in FORMS[source].items():
                self._kernels[name] = program.kernel(name, shared=form.shared), form

    def norm(self, stream: Tensor, bias: Tensor | None) -> Tensor:
        rows = torch.empty_like(stream, dtype=torch.float16)
        count = stream.numel() // WIDTH
        given = (stream, ctypes.c_void_p() if bias is None else bias, rows, count)
        self._launch("grow_and_norm", (count, 1), *given)
        return rows

    def grow(self, stream: Tensor, rows: Tensor, product: Linear) -> Tensor | None:
        total = stream.flatten(0, -2)
        # The public addmm has no form with half-precision factors, an fp32 sum and `out`.
        torch.ops.aten.addmm.dtype_out(
            total, rows.flatten(0, -2), product.weight.T, torch.float32, out=total
        )
        return product.bias

    def attend(self, rows: Tensor, heads: int, places: Tensor, lengths: Tensor) -> Tensor:
        batch, time, _ = rows.shape
        if rows.dtype != torch.float16 or heads * HEAD_WIDTH != WIDTH:
            return super().attend(rows, heads, places, lengths)
        result = rows.new_empty(batch, time, WIDTH)
        turned = places.view(2 * time, heads, HEAD_WIDTH).permute(1, 2, 0)
        items = max(1, MOST_SCORES // time**2)
        for first in range(0, batch, items):
            some = slice(first, first + items)
            located = rows[some].view(-1, 4, heads, HEAD_WIDTH)[:, 1].transpose(0, 1)
            scores = torch.bmm(located, turned)
            count = scores.shape[1] // time
            many = -(-time // 64) * count * heads >= MANY_BLOCKS
            name = "placed_64" if many else "placed_64_in_two"
            given = (rows[some], scores, lengths[some], result[some], time, count, heads)
            self._launch(name, (time, count * heads), *given, math.log2(math.e))
        return result

    def _launch(self, name: str, size: tuple[int, int], *arguments: Any) -> None:
        kernel, form = self._kernels[name]
        rows, across = size
        grid = (-(-rows // form.rows), across)
        kernel(grid, form.threads, *arguments, shared=form.shared, behind=self._behind)
