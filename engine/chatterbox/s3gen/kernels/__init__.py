"""The parts of S3Gen that are worth a kernel, each in two forms that compute the same.

`reference` is plain torch and runs everywhere. `cuda` is CUDA C++, compiled by NVRTC, and runs
where an NVIDIA GPU is; it is tested against the other. Nothing outside this package knows which is
used.
"""

from functools import cache

import torch

from engine.chatterbox.cuda.available import kernels_run
from engine.chatterbox.s3gen.kernels.protocol import S3GenKernels
from engine.chatterbox.s3gen.kernels.reference import ReferenceS3GenKernels

__all__ = ["S3GenKernels", "kernels_for"]


@cache
def kernels_for(device: torch.device, dtype: torch.dtype) -> S3GenKernels:
    """The fastest kernels that compute in `dtype` on a device; fp32 is always plain torch."""
    if dtype == torch.float32 or not kernels_run(device, dtype):
        return ReferenceS3GenKernels()
    from engine.chatterbox.s3gen.kernels.cuda import CudaS3GenKernels  # noqa: PLC0415

    return CudaS3GenKernels(device, dtype)
