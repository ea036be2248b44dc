"""A step of 9 to 128 rows on Hopper in bf16: its products, and its attention.

Sizes of blocks are as measured on an H200 (docs/benchmarks/h200/step.md). They change speed, and
results by no more than rounding.
"""

import ctypes
import sys
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from engine.chatterbox.cuda.driver import TensorMap
from engine.chatterbox.cuda.program import HOPPER, Kernel, Program, SourceFile
from engine.chatterbox.t3.buffers import Activations, Batch
from engine.chatterbox.t3.config import CONTEXT_BUCKETS, PAGE
from engine.chatterbox.t3.gpt2_weights import Affine
from engine.chatterbox.t3.kernels.reference import Matrix
from engine.weights.sizes import HEAD_DIM, T3Sizes

_PACKAGE = "engine.chatterbox.t3.kernels"
#: Rows that there are products for, and from one told square of a vector to the next.
MOST_ROWS = 128


@dataclass(frozen=True)
class ManyForm:
    """How a matrix is multiplied with up to `rows` rows in bf16: one of `many_rows.cu`.

    A block takes `tiles` times 64 rows of the matrix and `chunks` times 64 of its columns; `split`
    blocks share a row. Of its matrix `pace` chunks are on their way at once, and of the vectors,
    of which it takes `vectors`, it has `stages` at a time.
    """

    rows: int
    vectors: int
    tiles: int
    chunks: int
    split: int
    stages: int
    pace: int

    @property
    def threads(self) -> int:
        return 128 * self.tiles + 64

    @property
    def shared(self) -> int:
        """Dynamic shared memory of a block, in bytes: its part, vectors, what others send."""
        part = 8192 * self.tiles * self.chunks
        sums = self.vectors // self.split * (64 * self.tiles + 4) * 4
        return part + 128 * self.vectors * self.stages + (self.split - 1) * sums

    def grid(self, matrix_rows: int) -> tuple[int, int, int]:
        return self.split, -(-matrix_rows // (64 * self.tiles)), self.rows // self.vectors


#: Of each matrix, by rows: vectors, tiles, chunks, split, stages, pace.
_BLOCKS = {
    "qkv": {
        16: (16, 1, 8, 2, 8, 4),
        32: (32, 1, 8, 2, 8, 4),
        64: (64, 1, 8, 2, 8, 4),
        128: (128, 1, 8, 2, 8, 4),
    },
    "output": {
        16: (16, 1, 4, 4, 4, 4),
        32: (16, 1, 8, 2, 8, 8),
        64: (32, 1, 8, 2, 8, 8),
        128: (64, 1, 8, 2, 8, 4),
    },
    "up": {
        16: (16, 2, 8, 2, 8, 3),
        32: (32, 2, 8, 2, 8, 3),
        64: (64, 2, 8, 2, 8, 3),
        128: (128, 2, 8, 2, 4, 2),
    },
    "down": {
        16: (16, 1, 8, 8, 4, 4),
        32: (32, 1, 16, 4, 16, 8),
        64: (64, 1, 16, 4, 10, 8),
        128: (128, 1, 16, 4, 4, 4),
    },
    "head": {
        16: (16, 2, 8, 2, 8, 3),
        32: (32, 2, 8, 2, 8, 3),
        64: (64, 2, 8, 2, 8, 3),
        128: (128, 2, 8, 2, 4, 2),
    },
}


def forms(sizes: T3Sizes) -> dict[str, tuple[ManyForm, ...]]:
    """Of each matrix, by rows."""
    found = {
        matrix: tuple(ManyForm(rows, *blocks) for rows, blocks in by_rows.items())
        for matrix, by_rows in _BLOCKS.items()
    }
    if _gpt2(sizes):  # without a gate
        found["up"] = tuple(replace(form, tiles=1) for form in found["up"])
    few = fewest_rows(sizes)
    return {matrix: tuple(f for f in of if f.rows >= few) for matrix, of in found.items()}


def multiplies(
    sizes: T3Sizes, dtype: torch.dtype, capability: tuple[int, int], stored: torch.dtype | None
) -> bool:
    """Whether `many_rows.cu` has a network's products: of bf16, on Hopper, and all but Nano's."""
    widths = sizes.hidden, sizes.ffn
    return (dtype, stored, capability, widths) == (torch.bfloat16, None, HOPPER, (1024, 4096))


def products(sizes: T3Sizes) -> SourceFile:
    defines: dict[str, str | int] = {"HIDDEN": sizes.hidden, "GPT2": _gpt2(sizes)}
    for matrix, of_matrix in forms(sizes).items():
        for form in of_matrix:
            of = form.vectors, form.tiles, form.chunks, form.split, form.stages, form.pace
            defines[f"{matrix.upper()}_{form.rows}"] = ",".join(map(str, of))
    return SourceFile(_PACKAGE, "many_rows.cu", defines)


class ManyRows:
    """Hopper's tensor cores and copies, in bf16: at most `MOST_ROWS` rows.

    Beside the residual there is always what it is in bf16, and what its squares are: `begin` makes
    them, and whatever adds to it.
    """

    def __init__(self, sizes: T3Sizes, device: torch.device) -> None:
        self._program = Program(products(sizes), device)
        self._begin = self._program.kernel("begin")
        self._products = {
            matrix: [
                (form, self._program.kernel(f"{matrix}_{form.rows}", shared=form.shared))
                for form in of_matrix
            ]
            for matrix, of_matrix in forms(sizes).items()
        }
        room = sizes.hidden // 64, MOST_ROWS
        self._squares = torch.zeros(room, dtype=torch.float32, device=device)
        #: A map says where a matrix lies, how large it is and how much is read at once: no more.
        self._maps: dict[tuple[int, int, int, int], TensorMap] = {}

    def begin(self, batch: Activations) -> None:
        """Whenever the residual was written by others."""
        rows, width = batch.residual.shape
        given = batch.residual, batch.normed, self._squares
        self._begin((rows,), width // 4, *given, behind=self._program.behind)

    def norm_linear(self, batch: Activations, weight: Matrix, out: Tensor) -> None:
        if out is batch.logits:  # behind prompts, too
            self.begin(batch)
            self._multiply("head", batch.normed, weight, out)
        else:
            self._multiply("qkv", batch.normed, weight, out)

    def add_attended(self, batch: Activations, weight: Matrix) -> None:
        self._multiply("output", batch.attended, weight, batch.residual, batch.normed)

    def add_mlp(self, batch: Activations, up: Matrix, down: Matrix) -> None:
        self._multiply("up", batch.normed, up, batch.activated)
        self._multiply("down", batch.activated, down, batch.residual, batch.normed)

    def _multiply(
        self,
        name: str,
        vectors: Tensor,
        matrix: Matrix,
        out: Tensor,
        rounded: Tensor | None = None,
    ) -> None:
        weight = matrix.weight if isinstance(matrix, Affine) else matrix
        bias = [matrix.bias] if isinstance(matrix, Affine) else []
        assert isinstance(weight, Tensor), "int8 is not multiplied here"
        rows, columns = out.shape
        form, kernel = next(each for each in self._products[name] if rows <= each[0].rows)
        kernel(
            form.grid(len(weight)),
            form.threads,
            self._map(weight, 64),
            self._map(vectors, form.vectors),
            *bias,
            self._squares,
            out,
            ctypes.c_void_p() if rounded is None else rounded,
            rows,
            columns,
            shared=form.shared,
            behind=self._program.behind,
        )

    def _map(self, matrix: Tensor, box: int) -> TensorMap:
        key = (matrix.data_ptr(), *matrix.shape, box)
        if key not in self._maps:
            self._maps[key] = self._program.tensor_map(matrix, box)
        return self._maps[key]


#: Warps of a block that attends, for up to so many rows, each with room for a page of keys and one
#: of values. Of few rows there are fewer, so that all blocks fit beside one another.
WARPS = {16: 4, 64: 6, sys.maxsize: 8}


def pages_shared(warps: int) -> int:
    """Dynamic shared memory of a block of `attention_pages.cu`, in bytes."""
    return warps * 2 * PAGE * HEAD_DIM * torch.bfloat16.itemsize


def attends(
    dtype: torch.dtype, capability: tuple[int, int], cache: torch.dtype | None = None
) -> bool:
    """Whether `attention_pages.cu` is for such queries, keys and values."""
    return (dtype, capability, cache) == (torch.bfloat16, HOPPER, None)


def fewest_rows(sizes: T3Sizes) -> int:
    """From how many rows on these are faster than the kernels of fewer."""
    return 17 if _gpt2(sizes) else 9


def warps_by_rows(sizes: T3Sizes) -> dict[int, int]:
    """A block's warps, by up to how many rows there are."""
    return {most: warps for most, warps in WARPS.items() if most >= fewest_rows(sizes)}


def attention(sizes: T3Sizes, warps: int) -> SourceFile:
    defines: dict[str, str | int] = {
        "PAGE": PAGE,
        "MOST_PAGES": CONTEXT_BUCKETS[-1] // PAGE,
        "ROTARY": 1 - _gpt2(sizes),
        "WARPS": warps,
    }
    return SourceFile(_PACKAGE, "attention_pages.cu", defines)


class PagedAttention:
    """See `engine.chatterbox.t3.kernels.T3Kernels.attend`; for any number of rows."""

    def __init__(self, sizes: T3Sizes, device: torch.device) -> None:
        self.fewest_rows = fewest_rows(sizes)
        #: By how many rows they are for: a block's warps, which have a page each at a time.
        self._kernels: dict[int, tuple[int, Kernel]] = {}
        for most, warps in warps_by_rows(sizes).items():
            program = Program(attention(sizes, warps), device)
            self._behind = program.behind
            kernel = program.kernel("attend_pages", shared=pages_shared(warps))
            self._kernels[most] = warps, kernel

    def attend(
        self, batch: Batch, cache: tuple[Tensor, Tensor], rotary: tuple[Tensor, Tensor] | None
    ) -> None:
        warps, kernel = next(how for most, how in self._kernels.items() if batch.rows <= most)
        kernel(
            (cache[0].shape[1], batch.rows),
            32 * warps,
            batch.qkv,
            *cache,
            *(rotary or (ctypes.c_void_p(), ctypes.c_void_p())),
            batch.positions,
            batch.tables,
            batch.attended,
            batch.tables.shape[1],
            batch.places if batch.guided else 0,
            HEAD_DIM**-0.5,
            shared=pages_shared(warps),
            behind=self._behind,
        )


def _gpt2(sizes: T3Sizes) -> int:
    return int(sizes.backbone == "gpt2")
