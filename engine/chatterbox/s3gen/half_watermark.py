"""Perth's watermark by kernels on an NVIDIA GPU: see `watermark` for what it computes.

Its convolutions are in float16, which has TF32's digits, with fp32 sums; all else is fp32.
"""

import torch
from torch import Tensor

from engine.chatterbox.s3gen.config import tf32_products
from engine.chatterbox.s3gen.kernels.convolutions import (
    ConvolutionJob,
    Curve,
    Filter,
    VocoderKernels,
)
from engine.chatterbox.s3gen.kernels.cuda_mark import HOP, LOW, WINDOW, MarkKernels
from engine.chatterbox.s3gen.spectrum import ShortTimeFourier

_SLOPE = 0.01  # of the leaky ReLU between two convolutions


class HalfWatermark:
    """The encoder's `layers`, weights (outputs, inputs, taps) and biases, by kernels."""

    def __init__(
        self,
        layers: list[tuple[Tensor, Tensor]],
        transform: ShortTimeFourier,
        convolutions: VocoderKernels,
        kernels: MarkKernels,
    ) -> None:
        self._convolutions, self._kernels = convolutions, kernels
        self._layers = [Filter.of(weight, bias) for weight, bias in layers]
        self._analysis, self._window_square = transform.analysis, transform.window_square
        low = transform.synthesis.view(WINDOW, 2, -1)[..., :LOW]
        self._synthesis = low.flatten(1).T.contiguous()

    def __call__(self, wave: Tensor, lengths: Tensor) -> Tensor:
        """Waveforms (items, samples) fp32 with the mark in; lengths are whole hops of 240."""
        kernels, hops = self._kernels, lengths // HOP
        with tf32_products(False):
            spectrum = kernels.windows(wave, hops) @ self._analysis
        rows, sums = kernels.levels(spectrum, hops)
        items, frames, _ = rows.shape
        change = rows.new_empty(items, frames, LOW, dtype=torch.float32)
        for layer in self._layers:
            last = layer is self._layers[-1]
            bent = rows.new_empty(items, frames, 0 if last else layer.width)
            convolution = ConvolutionJob(
                layer,
                rows,
                frames,
                per_frame=1,
                more=1,
                total=change if last else None,
                curves=() if last else (Curve(bent),),
                slope=_SLOPE,
            )
            self._convolutions.convolve([convolution], hops)
            rows = bent
        difference = kernels.change(spectrum, change, sums, hops)
        with tf32_products(False):
            pieces = difference @ self._synthesis
        return kernels.total(wave, pieces, self._window_square, hops)
