"""Which kernels a model compiles, all begun at once at its start."""

import torch

from engine.chatterbox.cuda.program import compile_ahead
from engine.chatterbox.s3gen.kernels import sources_for as s3gen_sources
from engine.chatterbox.shared import SharedParts
from engine.chatterbox.t3.config import Formats
from engine.chatterbox.t3.kernels import sources_for as t3_sources
from engine.weights.sizes import ModelSizes


def compile_kernels(
    sizes: ModelSizes,
    dtype: torch.dtype,
    device: torch.device,
    formats: Formats,
    shared: SharedParts,
) -> None:
    """Begin to compile what a model runs on a CUDA device, and no other of this process has."""
    of_sound = s3gen_sources(device, dtype, mean_flow=sizes.s3gen.meanflow)
    new = [each for each in of_sound if each not in shared.sources]
    shared.sources += new
    stored, cache = formats.stored, formats.cache
    compile_ahead(new + t3_sources(sizes.t3, dtype, device, stored, cache), device)
