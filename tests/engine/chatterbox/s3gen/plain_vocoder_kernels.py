"""The vocoder's kernels in plain torch, which round where those do: slow, and the same anywhere."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.s3gen.kernels.convolutions import (
    ConvolutionJob,
    Filter,
    Folded,
    PitchWeights,
)
from engine.chatterbox.s3gen.kernels.hopper_blocks import blocks_of
from engine.chatterbox.s3gen.layout import Linear
from engine.chatterbox.s3gen.source import SourceWeights, excitation, pitch_hz
from engine.chatterbox.s3gen.spectrum import ShortTimeFourier


class PlainVocoderKernels:
    """See `VocoderKernels`. The matrices of the transforms are not looked at: they are known."""

    def convolve(self, given: Sequence[ConvolutionJob], lengths: Tensor) -> None:
        for each in given:
            self._convolve(each, lengths)

    def _convolve(self, given: ConvolutionJob, lengths: Tensor) -> None:
        filter_ = given.filter
        matrix = matrix_of(filter_)
        reach = (filter_.taps - 1) * filter_.dilation
        rows = functional.pad(given.rows.float(), (0, 0, filter_.before, reach))
        windows = [
            rows[:, tap * filter_.dilation :][:, : given.count] for tap in range(filter_.taps)
        ]
        product = torch.cat(windows, dim=2) @ matrix.T
        columns = filter_.width * filter_.rate
        signal = (product[..., :columns] + filter_.bias).reshape(
            len(rows), given.count * filter_.rate, filter_.width
        )
        if given.ahead:
            signal = torch.cat([signal[:, 1:2], signal], dim=1)
        if given.residual is not None:
            signal = signal + given.residual
        if given.total is not None:
            given.total.copy_(signal)
        used = used_rows(signal, lengths, given.per_frame, given.more)
        for curve in given.curves:
            if curve.alpha is None:
                bent = functional.leaky_relu(signal, given.slope)
            else:
                bent = signal + (signal * curve.alpha).sin().square() / (curve.alpha + 1e-9)
            curve.bent.copy_((bent * used).half())

    def pitch(self, mel: Tensor, lengths: Tensor, weights: PitchWeights) -> Tensor:
        layers = tuple(Linear(weight.T, bias) for weight, bias in weights.layers)
        head = Linear(weights.head[0][None], weights.head[1])
        used = used_rows(mel, lengths, 1, 0)
        return pitch_hz(SourceWeights(layers, head, head), mel, used)

    def enter(self, mel: Tensor, lengths: Tensor, width: int) -> Tensor:
        used = used_rows(mel, lengths, 1, 0)
        return functional.pad(mel * used, (0, width - mel.shape[2])).half()

    def excite(
        self, pitch: Tensor, phase: Tensor, noise: Tensor, mix: Tensor, bias: Tensor
    ) -> Tensor:
        weights = SourceWeights((), Linear(mix, bias), Linear(mix[None], bias))
        return excitation(weights, pitch, phase, noise)

    def analyse(
        self, source: Tensor, lengths: Tensor, basis: Tensor, folded: Sequence[Folded]
    ) -> None:
        transform = ShortTimeFourier(16, 4, source.device)
        assert torch.equal(basis, transform.analysis)
        spectrum = transform.analyse(source, lengths * 480).flatten(2)
        for each in folded:
            count, width = each.rows.shape[1:]
            behind = count * each.frames - each.before - spectrum.shape[1]
            rows = functional.pad(spectrum, (0, 0, each.before, behind))
            rows = rows.reshape(len(source), count, -1)
            each.rows.copy_(functional.pad(rows, (0, width - rows.shape[2])).half())

    def join(
        self, signals: Sequence[Tensor], lengths: Tensor, per_frame: int, more: int, slope: float
    ) -> Tensor:
        mean = (signals[0] + signals[1] + signals[2]) / 3
        used = used_rows(mean, lengths, per_frame, more)
        return (functional.leaky_relu(mean, slope) * used).half()

    def sound(
        self, features: Tensor, lengths: Tensor, basis: Tensor, window: Tensor, fade: Tensor
    ) -> Tensor:
        transform = ShortTimeFourier(16, 4, features.device)
        assert torch.equal(basis, transform.synthesis)
        assert torch.equal(window, transform.window_square)
        log_magnitude, angle = features.chunk(2, dim=-1)
        magnitude, phase = log_magnitude.exp().clamp(max=100), angle.sin()
        spectrum = torch.stack([magnitude * phase.cos(), magnitude * phase.sin()], dim=2)
        wave = transform.synthesise(spectrum, lengths * 480).clamp(-0.99, 0.99)
        faded = min(wave.shape[1], len(fade))
        wave[:, :faded] *= fade[:faded]
        return wave


def used_rows(signal: Tensor, lengths: Tensor, per_frame: int, more: int) -> Tensor:
    """(items, rows, 1): whether a row is within an item."""
    rows = torch.arange(signal.shape[1], device=signal.device)
    return (rows < (lengths * per_frame + more)[:, None])[..., None].float()


def matrix_of(filter_: Filter) -> Tensor:
    """(columns, taps * halves of a row) fp32 of a filter's blocks."""
    across, deep = filter_.weight.shape[:2]
    numbers = torch.arange(across * deep * 64 * 64, dtype=torch.float64)
    places = blocks_of(numbers.view(across * 64, deep * 64)).flatten().long()
    flat = filter_.weight.new_empty(math.prod(filter_.weight.shape))
    flat[places.to(flat.device)] = filter_.weight.flatten()
    return flat.view(across * 64, deep * 64).float()
