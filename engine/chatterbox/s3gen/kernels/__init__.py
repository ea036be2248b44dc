"""The parts of S3Gen that are worth a kernel, in forms that compute the same.

`reference` is plain torch and runs everywhere; `cpu` is that in an order that suits a CPU. `cuda`
is CUDA C++ and needs no more than an NVIDIA GPU of compute capability 8.0; on Hopper it has
`hopper`, which is the fastest there. `fused` has Triton in place of what is faster in it on other
cards. All are tested against `reference`. Nothing outside this package knows which is used.
"""

import logging
from functools import cache

import torch

from engine.chatterbox.cuda.available import kernels_run
from engine.chatterbox.cuda.program import HOPPER, SourceFile
from engine.chatterbox.cuda.trial import triton_runs
from engine.chatterbox.s3gen.kernels.convolutions import VocoderKernels
from engine.chatterbox.s3gen.kernels.cpu import CpuS3GenKernels
from engine.chatterbox.s3gen.kernels.cuda_mark import CudaMarkKernels, MarkKernels
from engine.chatterbox.s3gen.kernels.cuda_noise import NoiseKernel
from engine.chatterbox.s3gen.kernels.protocol import EncoderKernels, S3GenKernels
from engine.chatterbox.s3gen.kernels.reference import PlainEncoderKernels, ReferenceS3GenKernels

__all__ = [
    "EncoderKernels",
    "MarkKernels",
    "NoiseKernel",
    "S3GenKernels",
    "VocoderKernels",
    "encoder_kernels_for",
    "kernels_for",
    "mark_kernels_for",
    "noise_kernel_for",
    "sources_for",
    "vocoder_kernels_for",
]

_log = logging.getLogger(__name__)

#: The compute capability that these kernels need: Turing has too little shared memory.
SINCE = (8, 0)


@cache
def kernels_for(device: torch.device, dtype: torch.dtype) -> S3GenKernels:
    """The fastest kernels that compute in `dtype` on a device; fp32 is always plain torch."""
    if device.type == "cpu":
        return CpuS3GenKernels()
    if dtype == torch.float32 or not kernels_run(device, dtype):
        return ReferenceS3GenKernels()
    capability = torch.cuda.get_device_capability(device)
    if capability < SINCE:
        return ReferenceS3GenKernels()
    if capability != HOPPER and triton_runs(device):
        from engine.chatterbox.s3gen.kernels.fused import FusedS3GenKernels  # noqa: PLC0415 - Triton

        return FusedS3GenKernels(device, dtype)
    from engine.chatterbox.s3gen.kernels.cuda import CudaS3GenKernels  # noqa: PLC0415 - CUDA

    return CudaS3GenKernels(device, dtype)


@cache
def vocoder_kernels_for(device: torch.device, dtype: torch.dtype) -> VocoderKernels | None:
    """What runs the vocoder beside an estimator of `dtype`; None where that is plain torch."""
    if device.type == "cpu" or dtype == torch.float32 or not kernels_run(device, dtype):
        return None
    if torch.cuda.get_device_capability(device) < SINCE:
        return None
    from engine.chatterbox.s3gen.kernels.cuda_vocoder import (  # noqa: PLC0415 - CUDA
        CudaVocoderKernels,
    )

    return CudaVocoderKernels(device)


@cache
def mark_kernels_for(
    device: torch.device, dtype: torch.dtype
) -> tuple[VocoderKernels, MarkKernels] | None:
    """What runs the watermark there, its convolutions by the vocoder's; None as there."""
    convolutions = vocoder_kernels_for(device, dtype)
    return None if convolutions is None else (convolutions, CudaMarkKernels(device))


@cache
def encoder_kernels_for(device: torch.device, dtype: torch.dtype, width: int) -> EncoderKernels:
    """What runs an encoder of so wide a stream beside an estimator of `dtype`."""
    if vocoder_kernels_for(device, dtype) is None:
        return PlainEncoderKernels()
    from engine.chatterbox.s3gen.kernels.cuda_encoder import (  # noqa: PLC0415 - CUDA
        WIDTH,
        CudaEncoderKernels,
    )

    return CudaEncoderKernels(device) if width == WIDTH else PlainEncoderKernels()


@cache
def noise_kernel_for(device: torch.device, dtype: torch.dtype) -> NoiseKernel | None:
    """What draws a flow's noise as torch does; None where that is left to torch."""
    if vocoder_kernels_for(device, dtype) is None:
        return None
    kernel = NoiseKernel(device)
    if kernel.draws_as_torch(device):
        return kernel
    _log.info("this torch draws noise in another order than ours: it is left to it")
    return None


def sources_for(device: torch.device, dtype: torch.dtype, *, mean_flow: bool) -> list[SourceFile]:
    """What all of these compile for an estimator of `dtype` on a CUDA device.

    What a mean flow begins with is not drawn by our own kernel.
    """
    capability = torch.cuda.get_device_capability(device)
    if dtype == torch.float32 or not kernels_run(device, dtype) or capability < SINCE:
        return []
    from engine.chatterbox.s3gen.kernels import (  # noqa: PLC0415 - CUDA
        cuda,
        cuda_encoder,
        cuda_mark,
        cuda_noise,
        cuda_vocoder,
        hopper_forms,
    )

    found = hopper_forms.sources(dtype) if capability == HOPPER else {}
    for module in (cuda, cuda_vocoder, cuda_encoder, cuda_mark):  # Triton replaces none of `cuda`
        found |= module.sources(dtype)
    if not mean_flow:
        found |= cuda_noise.sources(dtype)
    return list(found.values())
