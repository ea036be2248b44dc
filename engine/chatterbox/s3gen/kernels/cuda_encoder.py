"""What the encoder does between its products on an NVIDIA GPU, in CUDA C++: `encoder.cu`."""

import ctypes

import torch
from torch import Tensor

from engine.chatterbox.cuda.program import Program, SourceFile
from engine.chatterbox.s3gen.kernels.cuda import BlockForm
from engine.chatterbox.s3gen.kernels.reference import PlainEncoderKernels
from engine.chatterbox.s3gen.layout import Linear

WIDTH = 512  # of the stream; another one is left to plain torch

FORMS = {"encoder": {"grow_and_norm": BlockForm(4, WIDTH, 128)}}


def sources(_dtype: torch.dtype) -> dict[str, SourceFile]:
    """What is compiled, by name: the encoder multiplies in float16, whatever the estimator does."""
    return {"encoder": SourceFile("engine.chatterbox.s3gen.kernels", "encoder.cu", {"BF16": 0})}


class CudaEncoderKernels(PlainEncoderKernels):
    """See `EncoderKernels`, of `WIDTH` and in float16. A product is added in fp32."""

    def __init__(self, device: torch.device) -> None:
        """Raises `LibraryMissing`, `CompileError` or `DriverError`."""
        program = Program(sources(torch.float16)["encoder"], device)
        self._behind = program.behind
        self._grow_and_norm = program.kernel("grow_and_norm")

    def norm(self, stream: Tensor, bias: Tensor | None) -> Tensor:
        rows = torch.empty_like(stream, dtype=torch.float16)
        count, form = stream.numel() // WIDTH, FORMS["encoder"]["grow_and_norm"]
        given = (stream, ctypes.c_void_p() if bias is None else bias, rows, count)
        self._grow_and_norm((-(-count // form.rows),), form.threads, *given, behind=self._behind)
        return rows

    def grow(self, stream: Tensor, rows: Tensor, product: Linear) -> Tensor | None:
        total = stream.flatten(0, -2)
        # The public addmm has no form with half-precision factors, an fp32 sum and `out`.
        torch.ops.aten.addmm.dtype_out(
            total, rows.flatten(0, -2), product.weight.T, torch.float32, out=total
        )
        return product.bias
