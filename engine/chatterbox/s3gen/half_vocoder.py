"""HiFTNet in float16 products on an NVIDIA GPU: see `vocoder` for what it computes.

Rows are (items, time, channels). The three residual stacks of a stage go side by side, a launch for
one convolution of each, and so do those of the three stages' sources, which need no more than the
pitch. What a convolution reads was rounded by the one before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from engine.chatterbox.s3gen.kernels.convolutions import (
    PARTS,
    SIDE,
    ConvolutionJob,
    Curve,
    Filter,
    Folded,
    PitchWeights,
    VocoderKernels,
)
from engine.chatterbox.s3gen.layout import Layout
from engine.chatterbox.s3gen.source import SourceWeights
from engine.chatterbox.s3gen.spectrum import ShortTimeFourier
from engine.chatterbox.utterance import SAMPLES_PER_FRAME

RATES = (8, 5, 3)  # 8 * 5 * 3 * 4 samples to a frame of the mel
DILATIONS = (1, 3, 5)
STACKS = 3
SLOPE, LAST_SLOPE = 0.1, 0.01  # of the leaky ReLUs before an upsampling, and after all
#: Frames of all items, up to which our kernels find the pitch sooner than the library's products.
FEW_FRAMES = 256
MOST_CHANNELS = 512  # of what they read
_ROOT = "mel2wav."


@dataclass(frozen=True, slots=True)
class _ResidualLayer:
    """Snake, a dilated convolution, Snake, a plain one; alphas are (channels,)."""

    alpha_in: Tensor
    dilated: Filter
    alpha_out: Tensor
    plain: Filter


_ResidualStack = tuple[_ResidualLayer, ...]


class _Stage(NamedTuple):
    """One upsampling, with the source at that rate mixed in."""

    up: Filter
    source_down: Filter
    source_stack: _ResidualStack
    stacks: tuple[_ResidualStack, ...]


class PitchedMel(NamedTuple):
    """A padded batch on its way to sound: as `VocoderInputs`, with `pitch` (items, frames) in Hz.

    `mel` is zero past each length.
    """

    mel: Tensor
    lengths: Tensor
    pitch: Tensor
    phase: Tensor
    noise: Tensor


class _Stream(NamedTuple):
    """A signal on its way through a stack, with what its first convolution reads."""

    stack: _ResidualStack
    signal: Tensor
    bent: Tensor
    per_frame: int
    more: int


class HalfVocoder:
    """The network, its source and its transforms by `kernels`."""

    def __init__(
        self,
        layout: Layout,
        kernels: VocoderKernels,
        source: SourceWeights,
        transform: ShortTimeFourier,
        fade: Tensor,
    ) -> None:
        self._kernels, self._fade = kernels, fade
        self._pitch = PitchWeights(
            tuple((layer.weight.T.contiguous(), layer.bias) for layer in source.pitch),
            (source.pitch_head.weight[0], source.pitch_head.bias),
        )
        self._mix = source.mix.weight[0], source.mix.bias
        self._analysis, self._synthesis = transform.analysis, transform.synthesis
        self._window_square = transform.window_square
        self._first = Filter.of(*layout.placed_convolution(_ROOT + "conv_pre"))
        self._stages = tuple(_load_stage(layout, index) for index in range(len(RATES)))
        self._last = Filter.of(*layout.placed_convolution(_ROOT + "conv_post"))

    @staticmethod
    def fits(layout: Layout) -> bool:
        """Whether every signal is as wide as whole blocks, and what finds the pitch is."""
        narrowest = len(layout[f"{_ROOT}ups.{len(RATES) - 1}.bias"])
        pitched = len(layout[f"{_ROOT}f0_predictor.condnet.0.bias"])
        return narrowest % SIDE == 0 and pitched % 32 == 0 and pitched <= MOST_CHANNELS

    def pitch(self, mel: Tensor, lengths: Tensor) -> Tensor | None:
        """As `pitch_hz`; None of more frames than `FEW_FRAMES`."""
        if mel.shape[0] * mel.shape[1] > FEW_FRAMES:
            return None
        return self._kernels.pitch(mel, lengths, self._pitch)

    def __call__(
        self, mel: Tensor, lengths: Tensor, pitch: Tensor, phase: Tensor, noise: Tensor
    ) -> Tensor:
        """Waveforms (items, samples) fp32, zero past an item's end; arguments as `PitchedMel`."""
        kernels, (items, frames, _bins) = self._kernels, mel.shape
        source = kernels.excite(pitch, phase, noise, *self._mix)
        sources = self._sources(source, lengths, frames)
        bent = kernels.enter(mel, lengths, SIDE * self._first.chunks)
        entered = mel.new_empty(items, frames, self._first.width, dtype=torch.float16)
        kernels.convolve(
            [ConvolutionJob(self._first, bent, frames, 1, curves=(Curve(entered),))], lengths
        )
        bent, per_frame, more = entered, 1, 0
        for stage, rate, added in zip(self._stages, RATES, sources, strict=True):
            rows, per_frame = frames * per_frame, per_frame * rate
            more = int(stage is self._stages[-1])
            curves = tuple(
                Curve(torch.empty_like(added, dtype=torch.float16), stack[0].alpha_in)
                for stack in stage.stacks
            )
            up = ConvolutionJob(
                stage.up,
                bent,
                rows,
                per_frame,
                more,
                residual=added,
                total=added,
                curves=curves,
                ahead=more,
            )
            kernels.convolve([up], lengths)
            joined = self._stacked(
                [
                    _Stream(stack, added, curve.bent, per_frame, more)
                    for stack, curve in zip(stage.stacks, curves, strict=True)
                ],
                lengths,
            )
            slope = LAST_SLOPE if more else SLOPE
            bent = kernels.join(joined, lengths, per_frame, more, slope)
        features = mel.new_empty(items, bent.shape[1], PARTS)
        last = ConvolutionJob(self._last, bent, bent.shape[1], per_frame, more, total=features)
        kernels.convolve([last], lengths)
        window = self._window_square
        return kernels.sound(features, lengths, self._synthesis, window, self._fade)

    def _sources(self, source: Tensor, lengths: Tensor, frames: int) -> list[Tensor]:
        """What each stage adds to its signal."""
        folded, streams, down = [], [], []
        samples_per_frame = SAMPLES_PER_FRAME // 4
        per_frame = 1
        for stage, rate in zip(self._stages, RATES, strict=True):
            per_frame *= rate
            more = int(stage is self._stages[-1])
            rows, channels = frames * per_frame + more, stage.up.width
            stride = samples_per_frame // per_frame
            taps, width = stage.source_down.taps, SIDE * stage.source_down.chunks
            halves = source.new_empty(len(source), rows + taps - 1, width, dtype=torch.float16)
            folded.append(Folded(halves, stride, stride // 2))
            signal = source.new_empty(len(source), rows, channels)
            bent = torch.empty_like(signal, dtype=torch.float16)
            down.append(
                ConvolutionJob(
                    stage.source_down,
                    halves,
                    rows,
                    per_frame,
                    more,
                    total=signal,
                    curves=(Curve(bent, stage.source_stack[0].alpha_in),),
                )
            )
            streams.append(_Stream(stage.source_stack, signal, bent, per_frame, more))
        self._kernels.analyse(source, lengths, self._analysis, folded)
        self._kernels.convolve(down, lengths)
        return self._stacked(streams, lengths)

    def _stacked(self, streams: Sequence[_Stream], lengths: Tensor) -> list[Tensor]:
        """What comes out of each stack. Streams that have one signal leave it as it is."""
        shared = len({stream.signal.data_ptr() for stream in streams}) < len(streams)
        signals = [stream.signal for stream in streams]
        hidden = [torch.empty_like(stream.bent) for stream in streams]
        for index in range(len(DILATIONS)):
            first, second = [], []
            for place, stream in enumerate(streams):
                layer, count = stream.stack[index], stream.signal.shape[1]
                where = count, stream.per_frame, stream.more
                bent: tuple[Curve, ...] = (Curve(hidden[place], layer.alpha_out),)
                first.append(ConvolutionJob(layer.dilated, stream.bent, *where, curves=bent))
                before = signals[place]
                if shared and index == 0:
                    signals[place] = torch.empty_like(before)
                bent = ()
                if index + 1 < len(DILATIONS):  # in place of what was read last
                    bent = (Curve(stream.bent, stream.stack[index + 1].alpha_in),)
                second.append(
                    ConvolutionJob(
                        layer.plain,
                        hidden[place],
                        *where,
                        residual=before,
                        total=signals[place],
                        curves=bent,
                    )
                )
            self._kernels.convolve(first, lengths)
            self._kernels.convolve(second, lengths)
        return signals


def _load_stage(layout: Layout, index: int) -> _Stage:
    def stack(prefix: str) -> _ResidualStack:
        return tuple(
            _ResidualLayer(
                alpha_in=layout.put(layout[f"{prefix}.activations1.{n}.alpha"]),
                dilated=Filter.of(*layout.placed_convolution(f"{prefix}.convs1.{n}"), dilation),
                alpha_out=layout.put(layout[f"{prefix}.activations2.{n}.alpha"]),
                plain=Filter.of(*layout.placed_convolution(f"{prefix}.convs2.{n}")),
            )
            for n, dilation in enumerate(DILATIONS)
        )

    weight, bias = layout.placed_convolution(f"{_ROOT}source_downs.{index}")
    stride = max(weight.shape[2] // 2, 1)
    up = layout.placed_convolution(f"{_ROOT}ups.{index}")
    return _Stage(
        up=Filter.transposed(*up, RATES[index]),
        source_down=Filter.folded(weight, bias, stride),
        source_stack=stack(f"{_ROOT}source_resblocks.{index}"),
        stacks=tuple(stack(f"{_ROOT}resblocks.{STACKS * index + n}") for n in range(STACKS)),
    )
