"""The vocoder's convolutions in float16, and what lies between them, as kernels are told of it.

float16 has TF32's digits. Sums and the signal itself are fp32, and only what a convolution
multiplies is rounded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from torch import Tensor
from torch.nn import functional

from engine.chatterbox.s3gen.kernels.hopper_blocks import blocks_of

MOST = 3  # convolutions of one launch, and curves of one convolution
SIDE = 64  # of a block of weights; rows of halves are so many, or a multiple
PARTS = 18  # numbers of one frame of the vocoder's spectrum


@dataclass(frozen=True, slots=True)
class Filter:
    """A convolution's weights and how it goes over rows of halves.

    `weight` is blocks (columns / 64, taps * chunks, 64, 64) fp16, `bias` (columns,) fp32. A tap is
    `dilation` rows after the one before it; the first tap of the first row is `before` rows ahead.
    A row of the product is `rate` rows of `width` columns.
    """

    weight: Tensor
    bias: Tensor
    taps: int
    dilation: int
    before: int
    width: int
    rate: int = 1

    @property
    def chunks(self) -> int:
        """Of 64 halves, in a row that is read."""
        return self.weight.shape[1] // self.taps

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor, dilation: int = 1) -> "Filter":
        """`weight` (outputs, inputs, taps), an odd number, whose middle sees the row itself."""
        taps = weight.shape[2]
        before = taps // 2 * dilation
        return cls(_blocks(weight), bias, taps, dilation, before, len(weight))

    @classmethod
    def transposed(cls, weight: Tensor, bias: Tensor, rate: int) -> "Filter":
        """`weight` (inputs, outputs, taps) of an upsampling that makes `rate` rows of each.

        Every one of those rows sees a row that is read and its two neighbours.
        """
        inputs, outputs, length = weight.shape
        cut = (length - rate) // 2
        columns = weight.new_zeros(rate, outputs, inputs, 3)
        for phase in range(rate):
            for tap in range(3):
                place = phase + cut - (tap - 1) * rate
                if 0 <= place < length:
                    columns[phase, :, :, tap] = weight[:, :, place].T
        return cls(_blocks(columns.flatten(0, 1)), bias.repeat(rate), 3, 1, 1, outputs, rate)

    @classmethod
    def folded(cls, weight: Tensor, bias: Tensor, stride: int) -> "Filter":
        """`weight` (outputs, inputs, taps) of rows that hold `stride` frames each: see `Folded`."""
        outputs, inputs, length = weight.shape
        taps = length // stride
        rows = weight.view(outputs, inputs, taps, stride).permute(0, 3, 1, 2).flatten(1, 2)
        return cls(_blocks(rows), bias, taps, 1, 0, outputs)


def _blocks(weight: Tensor) -> Tensor:
    """(outputs, inputs, taps) in blocks, with zeros up to whole ones."""
    outputs, inputs, _ = weight.shape
    padded = functional.pad(weight, (0, 0, 0, -inputs % SIDE, 0, -outputs % SIDE))
    return blocks_of(padded.half().transpose(1, 2).flatten(1))


class PitchWeights(NamedTuple):
    """Of each layer the matrix, (3 * inputs, outputs), and bias; of the head (inputs,) and (1,)."""

    layers: tuple[tuple[Tensor, Tensor], ...]
    head: tuple[Tensor, Tensor]


class Folded(NamedTuple):
    """Rows (items, count, width) of halves with `frames` frames of a spectrum each.

    The first row begins `before` frames ahead of the first.
    """

    rows: Tensor
    frames: int
    before: int


class Curve(NamedTuple):
    """Where a signal goes as halves, after Snake, or where `alpha` is None a leaky ReLU."""

    bent: Tensor
    alpha: Tensor | None = None


@dataclass(frozen=True, slots=True)
class ConvolutionJob:
    """One convolution of `rows`, (items, count, halves), plus `residual`, and where it goes.

    `total` may be `residual` itself, and nothing else that is read.

    Signals are (items, count * rate, width) fp32. With `ahead` 1, row 0 is a copy of row 2 and all
    come a row later. Past `lengths * per_frame + more` rows `curves` are zero.
    """

    filter: Filter
    rows: Tensor
    count: int
    per_frame: int
    more: int = 0
    residual: Tensor | None = None
    total: Tensor | None = None
    curves: tuple[Curve, ...] = ()
    slope: float = 0.1
    ahead: int = 0

    def tiles(self, rows: int) -> int:
        columns = self.filter.width * self.filter.rate
        return -(-self.count // rows) * -(-columns // SIDE)

    def tile_bytes(self, rows: int) -> int:
        seen = rows + (self.filter.taps - 1) * self.filter.dilation
        return self.filter.chunks * -(-seen // 8) * 8 * 2 * SIDE


class VocoderKernels(Protocol):
    """What the vocoder computes between mel, pitch and waveform. Lengths are (items,) frames."""

    def convolve(self, given: Sequence[ConvolutionJob], lengths: Tensor) -> None:
        """At most `MOST` convolutions that do not read one another."""

    def pitch(self, mel: Tensor, lengths: Tensor, weights: PitchWeights) -> Tensor:
        """As `engine.chatterbox.s3gen.source.pitch_hz`, for a few frames."""

    def enter(self, mel: Tensor, lengths: Tensor, width: int) -> Tensor:
        """(items, frames, bins) fp32 as halves (items, frames, width), zero past each length."""

    def excite(
        self, pitch: Tensor, phase: Tensor, noise: Tensor, mix: Tensor, bias: Tensor
    ) -> Tensor:
        """As `engine.chatterbox.s3gen.source.excitation`; `mix` is (9,), `bias` (1,)."""

    def analyse(
        self, source: Tensor, lengths: Tensor, basis: Tensor, folded: Sequence[Folded]
    ) -> None:
        """Three foldings of the spectrum by `basis` (16, 18), zeros where there is none."""

    def join(
        self, signals: Sequence[Tensor], lengths: Tensor, per_frame: int, more: int, slope: float
    ) -> Tensor:
        """A leaky ReLU of the mean of three, (items, rows, width), as halves, zero past lengths."""

    def sound(
        self, features: Tensor, lengths: Tensor, basis: Tensor, window: Tensor, fade: Tensor
    ) -> Tensor:
        """(items, samples) fp32 of log magnitudes and angles, (items, frames, 18).

        `basis` is (16, 18), `window` (16,) squared, `fade` is for the first samples.
        """
