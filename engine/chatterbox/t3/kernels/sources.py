"""The CUDA sources of T3's kernels, with what they are compiled with for a network and a card.

Block sizes are as measured on an H200 (docs/benchmarks). They change speed, and results by no more
than rounding.
"""

import math
from dataclasses import dataclass

import torch

from engine.chatterbox.cuda.program import SourceFile
from engine.chatterbox.t3.config import PAGE, START_OF_SPEECH, STOP_OF_SPEECH
from engine.chatterbox.t3.slots import Column, Parameter, SlotStatus
from engine.weights.sizes import T3Sizes

_PACKAGE = "engine.chatterbox.t3.kernels"
_TYPES = {torch.bfloat16: "bf16", torch.float16: "fp16", torch.float32: "float"}

#: Warps of a block that multiplies: of a row of `hidden` length, and of the longer `ffn`.
WARPS, DOWN_WARPS = 8, 16
#: Rows that are multiplied by the kernels here; beyond, the library is as fast.
MOST_ROWS = 16
#: Of them, those that take no longer than one.
NARROW_ROWS = 8
#: A warp takes 32 columns at a time.
WARP_COLUMNS = 32


@dataclass(frozen=True)
class Attention:
    """How one head of one row is attended to: a kernel of `attention.cu`, for up to `rows` rows.

    Each of its warps reads `ahead` times before it begins. The fewer rows, the more warps it takes
    to have much of the cache on its way at once.
    """

    name: str
    warps: int
    ahead: int
    rows: float = math.inf

    @property
    def threads(self) -> int:
        return 32 * self.warps


def attentions(sizes: T3Sizes, capability: tuple[int, int]) -> tuple[Attention, ...]:
    # A GPT-2's stream is one row, behind a longer prefix.
    gpt2, hopper = _gpt2(sizes), capability == (9, 0)
    ahead, rows = 8 if gpt2 and hopper else 6, 8 if gpt2 or hopper else 2
    few = Attention("few", warps=16, ahead=ahead, rows=rows)
    some = Attention("some", warps=8, ahead=6, rows=16)
    return few, some, Attention("many", warps=4, ahead=6)


@dataclass(frozen=True)
class Product:
    """How a matrix of half precision is multiplied with up to `rows` rows: one of `projections.cu`.

    A block takes `tiles` times eight rows of the matrix. As much of them as its shared memory
    holds is asked for before it can begin.
    """

    matrix: str
    rows: int
    tiles: int
    width: int
    warps: int

    @property
    def kernel(self) -> str:
        return f"{self.matrix}_{self.rows}"

    @property
    def threads(self) -> int:
        return 32 * self.warps

    def shared(self, capability: tuple[int, int]) -> int:
        """Dynamic shared memory of a block, in bytes: its part of the matrix, later its sums."""
        sums = self.tiles if self.rows > NARROW_ROWS else -(-self.tiles // 2)
        chunks = self.width // WARP_COLUMNS // self.warps
        pieces = self.tiles * chunks if capability >= (8, 0) else 0
        return 16 * self.threads * max(pieces, sums)


#: Of each matrix, the tiles of a block for up to so many rows.
_Tiles = dict[str, dict[int, int]]


def _tiles(sizes: T3Sizes, capability: tuple[int, int]) -> _Tiles:
    # 227 KB on data-centre cards since Hopper, from 64 to 163 KB on others.
    if capability not in ((9, 0), (10, 0), (10, 3)):
        own: _Tiles = {"qkv": {8: 3, 16: 3}, "up": {8: 2, 16: 2}, "head": {8: 2, 16: 2}}
    elif _gpt2(sizes):  # without a gate, and with half as many rows there
        own = {"qkv": {8: 6, 16: 3}, "up": {8: 4, 16: 4}, "head": {8: 4, 16: 7}}
    else:
        own = {"qkv": {2: 3, 8: 6, 16: 3}, "up": {8: 4, 16: 8}, "head": {8: 8, 16: 8}}
    return own | {"output": {8: 1, 16: 1}, "down": {8: 1, 16: 1}}


def products(sizes: T3Sizes, capability: tuple[int, int]) -> dict[str, tuple[Product, ...]]:
    """Of each matrix, by rows. `up` is with a Llama's gate."""
    return {
        matrix: tuple(
            Product(matrix, rows, tiles, sizes.ffn, DOWN_WARPS)
            if matrix == "down"
            else Product(matrix, rows, tiles, sizes.hidden, WARPS)
            for rows, tiles in by_rows.items()
        )
        for matrix, by_rows in _tiles(sizes, capability).items()
    }


def multiplies(sizes: T3Sizes) -> bool:
    """Whether a network's widths are such as `projections.cu` takes; all real ones' are."""
    return sizes.hidden % (WARPS * WARP_COLUMNS) == 0 and sizes.ffn % (DOWN_WARPS * 32) == 0


def projections(sizes: T3Sizes, dtype: torch.dtype, capability: tuple[int, int]) -> SourceFile:
    lean = capability == (9, 0) and not _gpt2(sizes)  # as measured
    defines: dict[str, str | int] = {
        "HALF": _TYPES[dtype],
        "HIDDEN": sizes.hidden,
        "FFN": sizes.ffn,
        "GPT2": _gpt2(sizes),
        "DOWN_WARPS": DOWN_WARPS,
        "OUTPUT_8_BLOCKS": 6 if lean else 4,
        "UP_8_BLOCKS": 3 if lean else 2,
    }
    for of_matrix in products(sizes, capability).values():
        defines |= {f"{each.kernel.upper()}_TILES": each.tiles for each in of_matrix}
    return SourceFile(_PACKAGE, "projections.cu", defines)


def full_precision(sizes: T3Sizes) -> SourceFile:
    return SourceFile(_PACKAGE, "full_precision.cu", {"GPT2": _gpt2(sizes)})


def attention(sizes: T3Sizes, dtype: torch.dtype, capability: tuple[int, int]) -> SourceFile:
    defines: dict[str, str | int] = {
        "TYPE": _TYPES[dtype],
        "PAGE": PAGE,
        "ROTARY": 1 - _gpt2(sizes),
    }
    for each in attentions(sizes, capability):
        defines |= {
            f"{each.name.upper()}_WARPS": each.warps,
            f"{each.name.upper()}_AHEAD": each.ahead,
        }
    return SourceFile(_PACKAGE, "attention.cu", defines)


def between(sizes: T3Sizes, dtype: torch.dtype) -> SourceFile:
    defines: dict[str, str | int] = {"TYPE": _TYPES[dtype], "ROTARY": 1 - _gpt2(sizes)}
    return SourceFile(_PACKAGE, "between.cu", defines)


def sampling(sizes: T3Sizes, dtype: torch.dtype) -> SourceFile:
    defines: dict[str, str | int] = {
        "TYPE": _TYPES[dtype],
        "WIDTH": sizes.hidden,
        "VOCABULARY": sizes.speech_vocabulary,
        "GPT2": _gpt2(sizes),
        "START_TOKEN": START_OF_SPEECH,
        "STOP_TOKEN": STOP_OF_SPEECH,
        "STATE_WIDTH": len(Column),
        "PARAMETERS": len(Parameter),
    }
    for names in (Column, SlotStatus, Parameter):
        defines |= {each.name: int(each) for each in names}
    return SourceFile(_PACKAGE, "sampling.cu", defines)


def _gpt2(sizes: T3Sizes) -> int:
    return int(sizes.backbone == "gpt2")
