"""The parts of S3Gen that are worth a kernel, each in two forms that compute the same.

`reference` is plain torch and runs everywhere. `fused` is Triton and runs where Triton and an
NVIDIA GPU are; it is tested against the other. Nothing outside this package knows which is used.
"""

import torch

from engine.chatterbox.cuda.trial import triton_runs
from engine.chatterbox.s3gen.kernels.protocol import S3GenKernels
from engine.chatterbox.s3gen.kernels.reference import ReferenceS3GenKernels

__all__ = ["S3GenKernels", "kernels_for"]


def kernels_for(device: torch.device, dtype: torch.dtype) -> S3GenKernels:
    """The fastest kernels that compute in `dtype` on a device; fp32 is always plain torch."""
    if dtype != torch.float32 and triton_runs(device):
        from engine.chatterbox.s3gen.kernels.fused import FusedS3GenKernels  # noqa: PLC0415 - Triton

        return FusedS3GenKernels(device)
    return ReferenceS3GenKernels()
