"""The vocoder's convolutions and what lies between them, as kernels that compute in float16.

float16 has TF32's digits. Sums and the signal itself are fp32, and only what a convolution
multiplies is rounded. See `convolve.cu` and `sound.cu`; no form needs more than the 99 KB of shared
memory of a consumer card, and Hopper has its own products.
"""

import ctypes
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.cuda.program import HOPPER, Kernel, Program, SourceFile
from engine.chatterbox.s3gen.kernels.cuda import BlockForm
from engine.chatterbox.s3gen.kernels.hopper import blocks_of
from engine.chatterbox.utterance import SAMPLES_PER_FRAME

MOST = 3  # convolutions of one launch, and curves of one convolution
SIDE = 64  # of a block of weights; rows of halves are so many, or a multiple
PARTS = 18  # numbers of one frame of the vocoder's spectrum
#: Blocks of 128 rows, from which those are better than twice as many of 64.
MANY_BLOCKS = 264

_PACKAGE = "engine.chatterbox.s3gen.kernels"
_BLOCK_BYTES = 2 * SIDE * SIDE
_CONSUMERS, _PRODUCER = 256, 32  # threads; on Hopper a warp asks for weights
_SHARED = 99 * 1024  # that a block may have; on Hopper:
_SHARED_ON_HOPPER = 227 * 1024 - 1024  # but for its signals
_SLOTS = 3  # blocks of weights at once; on Hopper four or eight
_NOWHERE = 2**31 - 1

FORMS = {
    "convolve": {
        "convolve_64": BlockForm(64, SIDE, _CONSUMERS + _PRODUCER, _SHARED),
        "convolve_128": BlockForm(128, SIDE, _CONSUMERS + _PRODUCER, _SHARED),
    },
    "sound": {
        "enter": BlockForm(1, 256, 256),
        "count_cycles": BlockForm(1, 1, 32),
        "excite": BlockForm(1, 1, SAMPLES_PER_FRAME),
        "analyse": BlockForm(1, 128, 128),
        "join": BlockForm(1, 8 * 256, 256),
        "sound": BlockForm(1, 256, 256),
    },
}


def sources(_dtype: torch.dtype, *, as_elsewhere: bool = False) -> dict[str, SourceFile]:
    """What is compiled, by name, whatever the estimator's precision."""
    defines = {"BF16": 0} | ({"AS_ELSEWHERE": 1} if as_elsewhere else {})
    return {name: SourceFile(_PACKAGE, f"{name}.cu", defines) for name in FORMS}


@dataclass(frozen=True, slots=True)
class Filter:
    """A convolution's weights and how it goes over rows of halves.

    `weight` is blocks (columns / 64, taps * chunks, 64, 64) fp16, `bias` (columns,) fp32. A tap is
    `dilation` rows after the one before it; the first tap of the first row is `before` rows ahead of
    it. A row of the product is `rate` rows of `width` columns.
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
class Convolution:
    """One convolution of `rows`, (items, count, halves), plus `residual`, and where it goes.

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

    def convolve(self, given: Sequence[Convolution], lengths: Tensor) -> None:
        """At most `MOST` convolutions that do not read one another."""

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


class _Convolution(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("rows", "weight", "bias", "residual", "total")),
        ("bent", ctypes.c_void_p * MOST),
        ("alpha", ctypes.c_void_p * MOST),
        ("slope", ctypes.c_float),
        *(
            (name, ctypes.c_int)
            for name in (
                *("size", "stride", "offset", "taps", "dilation", "chunks", "count"),
                *("columns", "width", "rate", "ahead", "per_frame", "more"),
            )
        ),
    )

    @classmethod
    def of(cls, given: Convolution) -> "_Convolution":
        filter_, halves = given.filter, given.rows.shape[2]
        curves = [*given.curves, *[None] * (MOST - len(given.curves))]
        return cls(
            rows=given.rows.data_ptr(),
            weight=filter_.weight.data_ptr(),
            bias=filter_.bias.data_ptr(),
            residual=_address(given.residual),
            total=_address(given.total),
            bent=(ctypes.c_void_p * MOST)(*(each and _address(each.bent) for each in curves)),
            alpha=(ctypes.c_void_p * MOST)(*(each and _address(each.alpha) for each in curves)),
            slope=given.slope,
            size=given.rows[0].numel(),
            stride=halves,
            offset=-filter_.before * halves,
            taps=filter_.taps,
            dilation=filter_.dilation,
            chunks=filter_.chunks,
            count=given.count,
            columns=filter_.width * filter_.rate,
            width=filter_.width,
            rate=filter_.rate,
            ahead=given.ahead,
            per_frame=given.per_frame,
            more=given.more,
        )


class _Convolutions(ctypes.Structure):
    _fields_ = (
        ("of", _Convolution * MOST),
        ("first", ctypes.c_int * MOST),
        ("slots", ctypes.c_int),
    )


class _Folded(ctypes.Structure):
    _fields_ = (
        ("rows", ctypes.c_void_p),
        *((name, ctypes.c_int) for name in ("count", "frames", "before", "width")),
    )


class CudaVocoderKernels:
    """See `VocoderKernels`, on a card of compute capability 8.0 or later."""

    def __init__(self, device: torch.device, *, as_elsewhere: bool = False) -> None:
        """`as_elsewhere` does on Hopper what other cards do, for tests.

        Raises `LibraryMissing`, `CompileError` or `DriverError`.
        """
        on_hopper = torch.cuda.get_device_capability(device) == HOPPER
        self._hopper = on_hopper and not as_elsewhere
        self._most_shared = _SHARED_ON_HOPPER if self._hopper else _SHARED
        self._kernels: dict[str, tuple[Kernel, BlockForm]] = {}
        for source, file in sources(torch.float16, as_elsewhere=as_elsewhere).items():
            program = Program(file, device)
            self._behind = program.behind
            for name, form in FORMS[source].items():
                shared = self._most_shared if form.shared else 0
                self._kernels[name] = program.kernel(name, shared=shared), form

    def convolve(self, given: Sequence[Convolution], lengths: Tensor) -> None:
        # The longest first: the shorter ones fill the gaps at the end.
        given = sorted(given, key=lambda each: -each.filter.weight.shape[1])
        rows = 128
        shared = max(each.tile_bytes(rows) for each in given) + _SLOTS * _BLOCK_BYTES
        many = len(lengths) * sum(each.tiles(rows) for each in given) >= MANY_BLOCKS
        if not many or shared > self._most_shared:
            rows = 64
        tile = max(each.tile_bytes(rows) for each in given)
        first, slots = [], _SLOTS
        blocks = 0
        for each in given:
            first.append(blocks)
            blocks += each.tiles(rows)
        if self._hopper:
            fills = blocks * len(lengths) > _MULTIPROCESSORS
            slots = 4 if fills or tile + 8 * _BLOCK_BYTES > self._most_shared else 8
        all_of = _Convolutions(
            of=(_Convolution * MOST)(*(_Convolution.of(each) for each in given)),
            first=(ctypes.c_int * MOST)(*first, *[_NOWHERE] * (MOST - len(given))),
            slots=slots,
        )
        kernel, _form = self._kernels[f"convolve_{rows}"]
        threads = _CONSUMERS + (_PRODUCER if self._hopper else 0)
        kernel(
            (blocks, len(lengths)),
            threads,
            all_of,
            lengths,
            shared=tile + slots * _BLOCK_BYTES,
            behind=self._behind,
        )

    def enter(self, mel: Tensor, lengths: Tensor, width: int) -> Tensor:
        items, frames, bins = mel.shape
        rows = mel.new_empty(items, frames, width, dtype=torch.float16)
        size = (frames * width, items)
        self._launch("enter", size, mel, lengths, rows, frames, bins, width)
        return rows

    def excite(
        self, pitch: Tensor, phase: Tensor, noise: Tensor, mix: Tensor, bias: Tensor
    ) -> Tensor:
        (items, frames), harmonics = pitch.shape, phase.shape[1]
        cycles = pitch.new_empty(items, harmonics, frames, dtype=torch.float64)
        self._launch("count_cycles", (harmonics, items), pitch, cycles, frames)
        source = pitch.new_empty(items, frames * SAMPLES_PER_FRAME)
        given = (pitch, cycles, phase, noise, mix, bias, source)
        self._launch("excite", (frames, items), *given)
        return source

    def analyse(
        self, source: Tensor, lengths: Tensor, basis: Tensor, folded: Sequence[Folded]
    ) -> None:
        places = [
            _Folded(each.rows.data_ptr(), each.rows.shape[1], each.frames, each.before, width)
            for each in folded
            for width in each.rows.shape[2:]
        ]
        ahead = max(each.before for each in folded)
        frames = max(each.rows.shape[1] * each.frames - each.before for each in folded) + ahead
        size = (frames, len(source))
        self._launch("analyse", size, source, lengths, basis, *places, source.shape[1], ahead)

    def join(
        self, signals: Sequence[Tensor], lengths: Tensor, per_frame: int, more: int, slope: float
    ) -> Tensor:
        items, rows, width = signals[0].shape
        joined = torch.empty_like(signals[0], dtype=torch.float16)
        size = (rows * width, items)
        given = (*signals, lengths, joined, rows * width, width, per_frame, more, slope)
        self._launch("join", size, *given)
        return joined

    def sound(
        self, features: Tensor, lengths: Tensor, basis: Tensor, window: Tensor, fade: Tensor
    ) -> Tensor:
        items, rows, _ = features.shape
        hop = len(window) // 4
        wave = features.new_empty(items, (rows - 1) * hop)
        given = (features, lengths, basis, window, fade, wave, rows, len(fade))
        self._launch("sound", (wave.shape[1], items), *given)
        return wave

    def _launch(self, name: str, size: tuple[int, int], *arguments: Any) -> None:
        """Numbers of an item, which a block takes some of, and items."""
        kernel, form = self._kernels[name]
        grid = (math.ceil(size[0] / form.columns), size[1])
        kernel(grid, form.threads, *arguments, behind=self._behind)


_MULTIPROCESSORS = 132  # of an H100 or H200


def _address(tensor: Tensor | None) -> int | None:
    return None if tensor is None else tensor.data_ptr()
