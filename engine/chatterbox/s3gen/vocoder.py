"""HiFTNet (Li et al. 2023): mel and pitch to a 24 kHz waveform through a short inverse transform.

Its convolutions look both ways, so every one of them is fed zeros past an item's end. Pitch,
source, exp and both transforms are fp32 without TF32; the convolutions in between may use TF32, or
on an NVIDIA GPU float16, which has its digits (`half_vocoder`).
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.s3gen.config import rounds_to_tf32, tf32_products
from engine.chatterbox.s3gen.half_vocoder import DILATIONS, RATES, HalfVocoder, PitchedMel
from engine.chatterbox.s3gen.kernels import S3GenKernels, kernels_for, vocoder_kernels_for
from engine.chatterbox.s3gen.kernels.reference import mask_of
from engine.chatterbox.s3gen.layout import Layout
from engine.chatterbox.s3gen.source import excitation, load_source, pitch_hz
from engine.chatterbox.s3gen.spectrum import ShortTimeFourier
from engine.chatterbox.utterance import SAMPLES_PER_FRAME

N_FFT, HOP = 16, 4
KERNELS_PER_STAGE = 3
LOUDEST_MAGNITUDE = 100.0
LOUDEST_SAMPLE = 0.99
FADE_SAMPLES = 480  # upstream silences 20 ms and fades in over the next 20: the prompt spills over


@dataclass(frozen=True, slots=True)
class Convolution:
    """Weight in torch's layout with one spatial axis more, channels last in memory; bias."""

    weight: Tensor
    bias: Tensor


@dataclass(frozen=True, slots=True)
class ResidualLayer:
    """Snake, a dilated convolution, Snake, a plain one; alphas are (channels,)."""

    alpha_in: Tensor
    dilated: Convolution
    alpha_out: Tensor
    plain: Convolution


ResidualStack = tuple[ResidualLayer, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """One upsampling of the vocoder, with the source at that rate mixed in."""

    up: Convolution
    source_down: Convolution
    source_stack: ResidualStack
    stacks: tuple[ResidualStack, ...]


class VocoderInputs(NamedTuple):
    """A padded batch: mel (batch, frames, 80) fp32 and its lengths (batch,) int64 in frames.

    `phase` is (batch, 9) and `source` (batch, 9, samples): `Noise` of each item. Past an item's end
    the source is anything finite, and the mel whatever another has left there.
    """

    mel: Tensor
    lengths: Tensor
    phase: Tensor
    source: Tensor


class Vocoder:
    """HiFT on one device. Holds no state of any utterance."""

    def __init__(self, layout: Layout, dtype: torch.dtype) -> None:
        self._tf32 = rounds_to_tf32(dtype, layout.device)
        self.source = load_source(layout)
        self._kernels: S3GenKernels = kernels_for(layout.device, dtype)
        self.transform = ShortTimeFourier(N_FFT, HOP, layout.device)
        rising = (torch.cos(torch.linspace(torch.pi, 0, FADE_SAMPLES)) + 1) / 2
        self.fade = layout.put(torch.cat([torch.zeros(FADE_SAMPLES), rising]))
        kernels = vocoder_kernels_for(layout.device, dtype)
        self._half: HalfVocoder | None = None
        if kernels is not None and HalfVocoder.fits(layout):
            around = self.source, self.transform, self.fade
            self._half = HalfVocoder(layout, kernels, *around)
            return
        self._first = _convolution(layout, "mel2wav.conv_pre")
        self._stages = tuple(_load_stage(layout, index) for index in range(len(RATES)))
        self._last = _convolution(layout, "mel2wav.conv_post")

    def __call__(self, inputs: VocoderInputs) -> Tensor:
        """Waveforms, (batch, samples) fp32 in [-0.99, 0.99], zero past an item's end."""
        mel, _lengths, pitch, phase, noise = pitched = self.pitched(inputs)
        if self._half is not None:
            return self._half(*pitched)
        source = excitation(self.source, pitch, phase, noise)
        samples = inputs.lengths * SAMPLES_PER_FRAME
        spectrum = self.transform.analyse(source, samples).flatten(2)
        with tf32_products(self._tf32):
            features = self._filter(_channels_first(mel), _channels_first(spectrum), inputs.lengths)
        wave = self.transform.synthesise(_polar(features), samples)
        wave = wave.clamp(-LOUDEST_SAMPLE, LOUDEST_SAMPLE)
        faded = min(wave.shape[1], len(self.fade))
        wave[:, :faded] *= self.fade[:faded]
        return wave

    def pitched(self, inputs: VocoderInputs) -> PitchedMel:
        """The mel without what lies in its padding, and its pitch."""
        mel, lengths, phase, noise = inputs
        used = (torch.arange(mel.shape[1], device=mel.device) < lengths[:, None])[..., None]
        mel = torch.where(used, mel, 0.0)  # no product: what lies there may be no number
        pitch = None if self._half is None else self._half.pitch(mel, lengths)
        if pitch is None:
            pitch = pitch_hz(self.source, mel, used)
        return PitchedMel(mel, lengths, pitch, phase, noise)

    def _filter(self, mel: Tensor, spectrum: Tensor, lengths: Tensor) -> Tensor:
        """The network proper: (batch, 18, 1, frames * 120 + 1) from mel and source spectrum."""
        signal = _convolve(mel, self._first)
        for stage, rate in zip(self._stages, RATES, strict=True):
            signal = functional.leaky_relu(signal, 0.1) * mask_of(lengths, signal.shape[-1])
            taps = stage.up.weight.shape[-1]
            signal = functional.conv_transpose2d(
                signal, stage.up.weight, stage.up.bias, (1, rate), (0, (taps - rate) // 2)
            )
            lengths = lengths * rate
            if stage is self._stages[-1]:
                signal = torch.cat([signal[..., 1:2], signal], dim=-1)
                lengths = lengths + 1
            signal = signal + self._add_source(spectrum, stage, lengths)
            signal = sum(
                (self._residual(signal, stack, lengths) for stack in stage.stacks[1:]),
                start=self._residual(signal, stage.stacks[0], lengths),
            ) / len(stage.stacks)
        signal = functional.leaky_relu(signal) * mask_of(lengths, signal.shape[-1])
        return _convolve(signal, self._last)

    def _add_source(self, spectrum: Tensor, stage: Stage, lengths: Tensor) -> Tensor:
        taps = stage.source_down.weight.shape[-1]
        stride = max(taps // 2, 1)
        down = functional.conv2d(
            spectrum,
            stage.source_down.weight,
            stage.source_down.bias,
            stride=(1, stride),
            padding=(0, stride // 2),
        )
        return self._residual(down, stage.source_stack, lengths)

    def _residual(self, signal: Tensor, stack: ResidualStack, lengths: Tensor) -> Tensor:
        added: Tensor | None = None
        for layer, dilation in zip(stack, DILATIONS, strict=True):
            signal, bent = self._kernels.snake(signal, added, layer.alpha_in, lengths)
            hidden = _convolve(bent, layer.dilated, dilation)
            _, bent = self._kernels.snake(hidden, None, layer.alpha_out, lengths)
            added = _convolve(bent, layer.plain)
        return signal if added is None else signal + added


def _polar(features: Tensor) -> Tensor:
    """The network's output as a spectrum: log magnitudes, and sines that stand for phases."""
    rows = features.float().squeeze(2).transpose(1, 2)
    log_magnitude, angle = rows.chunk(2, dim=-1)
    magnitude = log_magnitude.exp().clamp(max=LOUDEST_MAGNITUDE)
    phase = angle.sin()
    return torch.stack([magnitude * phase.cos(), magnitude * phase.sin()], dim=2)


def _channels_first(rows: Tensor) -> Tensor:
    """(batch, time, channels) as (batch, channels, 1, time), channels last in memory."""
    return rows[:, None].permute(0, 3, 1, 2)


def _convolve(signal: Tensor, convolution: Convolution, dilation: int = 1) -> Tensor:
    reach = (convolution.weight.shape[-1] - 1) * dilation // 2
    return functional.conv2d(
        signal, convolution.weight, convolution.bias, padding=(0, reach), dilation=(1, dilation)
    )


def _convolution(layout: Layout, name: str) -> Convolution:
    weight, bias = layout.convolution(name)
    spatial = weight[:, :, None].contiguous(memory_format=torch.channels_last)
    return Convolution(spatial.to(layout.device), layout.put(bias))


def _load_stage(layout: Layout, index: int) -> Stage:
    root = "mel2wav."

    def stack(prefix: str) -> ResidualStack:
        return tuple(
            ResidualLayer(
                alpha_in=layout.put(layout[f"{prefix}.activations1.{n}.alpha"]),
                dilated=_convolution(layout, f"{prefix}.convs1.{n}"),
                alpha_out=layout.put(layout[f"{prefix}.activations2.{n}.alpha"]),
                plain=_convolution(layout, f"{prefix}.convs2.{n}"),
            )
            for n in range(len(DILATIONS))
        )

    first = index * KERNELS_PER_STAGE
    return Stage(
        up=_convolution(layout, f"{root}ups.{index}"),
        source_down=_convolution(layout, f"{root}source_downs.{index}"),
        source_stack=stack(f"{root}source_resblocks.{index}"),
        stacks=tuple(
            stack(f"{root}resblocks.{n}") for n in range(first, first + KERNELS_PER_STAGE)
        ),
    )
