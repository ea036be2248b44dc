"""The watermark's kernels in CUDA C++, compiled by NVRTC: `mark.cu`."""

from typing import Any, Protocol

import torch
from torch import Tensor

from engine.chatterbox.cuda.program import Kernel, Program, SourceFile
from engine.chatterbox.s3gen.kernels.cuda import BlockForm

#: Samples of a window and between two, and lowest bins of its spectrum that are changed.
WINDOW, HOP, LOW = 1536, 240, 128

FORMS = {
    "mark": {
        name: BlockForm(1, 256, 256)
        for name in ("mark_windows", "mark_levels", "mark_change", "mark_sum")
    }
}


def sources(_dtype: torch.dtype) -> dict[str, SourceFile]:
    """What is compiled, by name, whatever the estimator's precision."""
    return {"mark": SourceFile("engine.chatterbox.s3gen.kernels", "mark.cu", {"BF16": 0})}


class MarkKernels(Protocol):
    """What the watermark does around its convolutions and products.

    `hops` (items,) int64 are an item's samples by 240, and it has one frame more.
    """

    def windows(self, wave: Tensor, hops: Tensor) -> Tensor:
        """(items, frames, 1536) of (items, samples), reflected at each end; zero past the last."""

    def levels(self, spectrum: Tensor, hops: Tensor) -> tuple[Tensor, Tensor]:
        """Perth's levels of (items, frames, 2 * 769): halves (items, frames, 128), and all's sum.

        The first are zero past an item's last.
        """

    def change(self, spectrum: Tensor, change: Tensor, sums: Tensor, hops: Tensor) -> Tensor:
        """What is added to the lowest bins, (items, frames, 2 * 128)."""

    def total(self, wave: Tensor, pieces: Tensor, window: Tensor, hops: Tensor) -> Tensor:
        """`wave` plus what overlaps of (items, frames, 1536); `window` is squared."""


class CudaMarkKernels:
    """See `MarkKernels`."""

    def __init__(self, device: torch.device) -> None:
        """Raises `LibraryMissing`, `CompileError` or `DriverError`."""
        program = Program(sources(torch.float16)["mark"], device)
        self._behind = program.behind
        self._kernels: dict[str, Kernel] = {name: program.kernel(name) for name in FORMS["mark"]}

    def windows(self, wave: Tensor, hops: Tensor) -> Tensor:
        items, samples = wave.shape
        frames = samples // HOP + 1
        windows = wave.new_empty(items, frames, WINDOW)
        self._launch("mark_windows", (frames, items), wave, hops, windows, samples)
        return windows

    def levels(self, spectrum: Tensor, hops: Tensor) -> tuple[Tensor, Tensor]:
        items, frames, _ = spectrum.shape
        low = spectrum.new_empty(items, frames, LOW, dtype=torch.float16)
        sums = spectrum.new_empty(items, frames)
        self._launch("mark_levels", (frames, items), spectrum, hops, low, sums)
        return low, sums

    def change(self, spectrum: Tensor, change: Tensor, sums: Tensor, hops: Tensor) -> Tensor:
        items, frames, _ = spectrum.shape
        difference = spectrum.new_empty(items, frames, 2 * LOW)
        given = (spectrum, change, sums, hops, difference)
        self._launch("mark_change", (frames, items), *given)
        return difference

    def total(self, wave: Tensor, pieces: Tensor, window: Tensor, hops: Tensor) -> Tensor:
        items, samples = wave.shape
        marked = torch.empty_like(wave)
        given = (wave, pieces, window, hops, marked, samples, pieces.shape[1])
        self._launch("mark_sum", (-(-samples // 256), items), *given)
        return marked

    def _launch(self, name: str, grid: tuple[int, int], *arguments: Any) -> None:
        self._kernels[name](grid, 256, *arguments, behind=self._behind)
