"""The flow's estimator: a causal U-Net of resnets and transformers over 50 Hz frames.

Its "U" has one level and no change of rate. Convolutions look back only, so that frames past an
item's length cannot reach the others through them, and attention stops at the length.
"""

from torch import Tensor

from engine.chatterbox.s3gen.kernels import S3GenKernels
from engine.chatterbox.s3gen.weights import EstimatorWeights


def estimate(
    kernels: S3GenKernels, weights: EstimatorWeights, features: Tensor, lengths: Tensor, step: int
) -> Tensor:
    """The ODE's derivative at Euler step `step`: (batch, frames, 80) fp32.

    `features` is (batch, frames, 320) fp32: state, encoder output, speaker and prompt side by side.
    `lengths` is (batch,), at least one; frames past an item's length come out as anything.
    """
    skip = kernels.block(features, weights.down, lengths, step)
    stream = kernels.causal_conv(skip, weights.down_conv)
    for block in weights.middle:
        stream = kernels.block(stream, block, lengths, step)
    stream = kernels.block(stream, weights.up, lengths, step, skip)
    stream = kernels.causal_conv(stream, weights.up_conv)
    rows = kernels.normed_conv(stream, weights.final, shift=None, stream=None)
    return kernels.linear(rows, weights.projection)
