"""The vocoder's kernels in CUDA C++: `convolve.cu`, `sound.cu` and `pitch.cu`, compiled by NVRTC.

No form needs more than the 99 KB of shared memory of a consumer card, and Hopper has its own
products. Which one a size takes is what won on an H200.
"""

import ctypes
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from engine.chatterbox.cuda.program import HOPPER, Kernel, Program, SourceFile
from engine.chatterbox.s3gen.kernels.convolutions import (
    MOST,
    SIDE,
    ConvolutionJob,
    Folded,
    PitchWeights,
)
from engine.chatterbox.s3gen.kernels.cuda import BlockForm
from engine.chatterbox.utterance import SAMPLES_PER_FRAME

#: Blocks of 128 rows, from which those are better than twice as many of 64; on Hopper never.
MANY_BLOCKS = 264

_PACKAGE = "engine.chatterbox.s3gen.kernels"
_BLOCK_BYTES = 2 * SIDE * SIDE
_CONSUMERS, _PRODUCER = 256, 32  # threads; on Hopper a warp asks for weights
_SHARED = 99 * 1024  # that a block may have; on Hopper:
_SHARED_ON_HOPPER = 227 * 1024 - 1024  # but for its signals
_SLOTS = 3  # blocks of weights at once; on Hopper four or eight
_NOWHERE = 2**31 - 1
_MULTIPROCESSORS = 132  # of an H100 or H200

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
    "pitch": {
        "pitch_layer": BlockForm(8, 32, 256),
        "pitch_head": BlockForm(4, 1, 128),
    },
}


def sources(_dtype: torch.dtype, *, as_elsewhere: bool = False) -> dict[str, SourceFile]:
    """What is compiled, by name, whatever the estimator's precision."""
    defines = {"BF16": 0} | ({"AS_ELSEWHERE": 1} if as_elsewhere else {})
    return {name: SourceFile(_PACKAGE, f"{name}.cu", defines) for name in FORMS}


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
    def of(cls, given: ConvolutionJob) -> "_Convolution":
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

    def convolve(self, given: Sequence[ConvolutionJob], lengths: Tensor) -> None:
        # The longest first: the shorter ones fill the gaps at the end.
        given = sorted(given, key=lambda each: -each.filter.weight.shape[1])
        rows = 128
        shared = max(each.tile_bytes(rows) for each in given) + _SLOTS * _BLOCK_BYTES
        many = len(lengths) * sum(each.tiles(rows) for each in given) >= MANY_BLOCKS
        if self._hopper or not many or shared > self._most_shared:
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

    def pitch(self, mel: Tensor, lengths: Tensor, weights: PitchWeights) -> Tensor:
        rows, (items, frames, _) = mel, mel.shape
        for weight, bias in weights.layers:
            inputs, outputs = len(weight) // 3, len(bias)
            result = rows.new_empty(items, frames, outputs)
            kernel, form = self._kernels["pitch_layer"]
            grid = (-(-frames // form.rows), outputs // form.columns, items)
            given = (rows, weight, bias, lengths, result, frames, inputs, outputs)
            kernel(grid, form.threads, *given, behind=self._behind)
            rows = result
        pitch = rows.new_empty(items, frames)
        kernel, form = self._kernels["pitch_head"]
        count = items * frames
        last = (rows, *weights.head, pitch, count, rows.shape[2])
        kernel((-(-count // form.rows),), form.threads, *last, behind=self._behind)
        return pitch

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


def _address(tensor: Tensor | None) -> int | None:
    return None if tensor is None else tensor.data_ptr()
