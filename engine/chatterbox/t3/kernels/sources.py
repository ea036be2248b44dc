"""The CUDA sources of T3's kernels, with what they are compiled with for a network and a card.

Block sizes are as measured on an H200 (docs/benchmarks). They change speed, and results by no more
than rounding.
"""

import math
from dataclasses import dataclass

import torch

from engine.chatterbox.cuda.program import SourceFile
from engine.chatterbox.t3.config import PAGE, START_OF_SPEECH, STOP_OF_SPEECH
from engine.chatterbox.t3.slots import STATUS_SHIFT, Column, Parameter, SlotStatus
from engine.weights.sizes import T3Sizes

_PACKAGE = "engine.chatterbox.t3.kernels"
_TYPES = {
    torch.bfloat16: "bf16",
    torch.float16: "fp16",
    torch.float32: "float",
    torch.int8: "s8",
}

#: Warps of a block that multiplies: of a row of `hidden` length, and of the longer `ffn`.
WARPS, DOWN_WARPS = 8, 16
#: Rows that are multiplied by the kernels here; beyond, the library is as fast.
MOST_ROWS = 16
#: Of them, those that take no longer than one.
NARROW_ROWS = 8
#: Rows that lanes make whole numbers of for one another.
EXCHANGED_ROWS = 4
#: The compute capability since which memory is copied into shared memory in the background.
_ASYNC_COPY_SINCE = (8, 0)
#: Cards with 227 KB of shared memory for a block; others have from 64 to 163.
_LARGE_SHARED = (9, 0), (10, 0), (10, 3)
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


def attentions(
    sizes: T3Sizes, capability: tuple[int, int], cache: torch.dtype | None = None
) -> tuple[Attention, ...]:
    """By rows; for keys and values that are kept in `cache`, or in what is computed in."""
    # A GPT-2's stream is one row, behind a longer prefix.
    gpt2, hopper = _gpt2(sizes), capability == (9, 0)
    if cache == torch.int8:  # one reading has twice as many positions
        few = Attention("few", warps=16, ahead=3, rows=8 if gpt2 else 2)
        some = Attention("some", warps=8, ahead=3, rows=16)
        return few, some, Attention("many", warps=4, ahead=3)
    ahead, rows = 8 if gpt2 and hopper else 6, 8 if gpt2 else 4 if hopper else 2
    few = Attention("few", warps=16, ahead=ahead, rows=rows)
    some = Attention("some", warps=8, ahead=6, rows=16)
    return few, some, Attention("many", warps=4, ahead=6)


def attentions_of_few(
    sizes: T3Sizes, cache: torch.dtype | None = None
) -> tuple[Attention, Attention]:
    """The same of `attention_few.cu`, whose warps read `ahead` times eight positions at once."""
    few = Attention("few", warps=16, ahead=3, rows=4)
    if _gpt2(sizes):
        few = Attention("few", warps=16, ahead=4, rows=6)
    elif cache == torch.int8:
        few = Attention("few", warps=8, ahead=6, rows=4)
    return few, Attention("some", warps=8, ahead=6, rows=8)


@dataclass(frozen=True)
class Product:
    """How a matrix is multiplied with up to `rows` rows of half precision: one of `projections.cu`.

    A block takes `tiles` times eight rows of the matrix. As much of them as its shared memory
    holds is asked for before it can begin. A weight has so many `bits`: 16, or 8. Registers are
    such that `beside` blocks share a multiprocessor.
    """

    matrix: str
    rows: int
    tiles: int
    beside: int
    width: int
    warps: int
    bits: int = 16
    room: int = 0  # bytes of shared memory that a block takes at least, lest more share it

    @property
    def kernel(self) -> str:
        return f"{self.matrix}_{self.rows}"

    @property
    def threads(self) -> int:
        return 32 * self.warps

    def shared(self, capability: tuple[int, int]) -> int:
        """Bytes of a block's dynamic shared memory: of its matrix, later sums; int8's vectors."""
        sums = self.tiles if self.rows > NARROW_ROWS else -(-self.tiles // 2)
        chunks = self.width // WARP_COLUMNS // self.warps
        pieces = self.tiles * chunks * self.bits // 16 if capability >= _ASYNC_COPY_SINCE else 0
        exchanged = self.rows if self.bits == 8 and self.rows <= EXCHANGED_ROWS else 0
        needed = 16 * (self.threads * max(pieces, sums) + self.warps * exchanged * (4 * chunks + 1))
        return max(needed, self.room)


#: Of each matrix, for up to so many rows, the tiles of a block and how many share a multiprocessor.
_Blocks = dict[str, dict[int, tuple[int, int]]]


def _blocks(sizes: T3Sizes, capability: tuple[int, int], stored: torch.dtype | None) -> _Blocks:
    blocks: _Blocks = {
        "qkv": {8: (3, 3), 16: (3, 1)},
        "output": {8: (1, 4), 16: (1, 3)},
        "up": {8: (2, 2), 16: (2, 1)},
        "down": {8: (1, 1 if stored == torch.int8 else 2), 16: (1, 1)},
        "head": {8: (2, 2), 16: (2, 1)},
    }
    if capability not in _LARGE_SHARED:
        return blocks
    if stored == torch.int8 and _gpt2(sizes):
        return blocks | {"up": {8: (4, 2), 16: (4, 1)}, "head": {8: (7, 2), 16: (7, 1)}}
    if stored == torch.int8:
        return {
            "qkv": {4: (3, 3), 8: (3, 3), 16: (3, 2)},
            "output": {4: (1, 5), 8: (1, 4), 16: (1, 3)},
            "up": {4: (8, 3), 8: (8, 3), 16: (8, 1)},
            "down": {4: (1, 1), 8: (1, 1), 16: (1, 1)},
            "head": {8: (8, 2), 16: (8, 1)},
        }
    if _gpt2(sizes):  # without a gate, and with half as many rows there
        return blocks | {
            "qkv": {8: (6, 2), 16: (3, 1)},
            "up": {8: (4, 2), 16: (4, 1)},
            "head": {8: (4, 2), 16: (7, 1)},
        }
    return blocks | {
        "qkv": {8: (6, 3), 16: (3, 2)},
        "output": {8: (1, 6), 16: (1, 3)},
        "up": {2: (4, 3), 8: (4, 4), 16: (8, 2)},
        "head": {8: (8, 2), 16: (8, 1)},
    }


def products(
    sizes: T3Sizes, capability: tuple[int, int], stored: torch.dtype | None = None
) -> dict[str, tuple[Product, ...]]:
    """Of each matrix, by rows. `up` is with a Llama's gate.

    The layers' matrices are `stored` in int8, or in half precision, as the head's always is.
    """
    bits = 8 if stored == torch.int8 else 16
    return {
        matrix: tuple(
            Product(
                matrix,
                rows,
                tiles,
                beside,
                sizes.ffn if matrix == "down" else sizes.hidden,
                DOWN_WARPS if matrix == "down" else WARPS,
                16 if matrix == "head" else bits,
                # Of int8's gate and up two blocks share a multiprocessor, for all its registers.
                76 * 1024 if (matrix, bits, tiles) == ("up", 8, 8) and rows <= NARROW_ROWS else 0,
            )
            for rows, (tiles, beside) in by_rows.items()
        )
        for matrix, by_rows in _blocks(sizes, capability, stored).items()
    }


def rounds(sizes: T3Sizes, dtype: torch.dtype) -> bool:
    """Whether a few rows' residual stream is kept in `dtype` as well, and read so by the layers.

    In fp16 it might be too large; a GPT-2's steps were no faster.
    """
    return dtype == torch.bfloat16 and not _gpt2(sizes)


def multiplies(sizes: T3Sizes, stored: torch.dtype | None = None) -> bool:
    """Whether a network's widths are such as `projections.cu` takes; all real ones' are in 16 bits.

    Of int8 a lane has twice as many columns, which Nano's width is no multiple of.
    """
    columns = 2 * WARP_COLUMNS if stored == torch.int8 else WARP_COLUMNS
    return sizes.hidden % (WARPS * columns) == 0 and sizes.ffn % (DOWN_WARPS * columns) == 0


def projections(
    sizes: T3Sizes,
    dtype: torch.dtype,
    capability: tuple[int, int],
    stored: torch.dtype | None = None,
) -> SourceFile:
    """For vectors of `dtype`; the layers' matrices are `stored` in int8, or in it as well."""
    defines: dict[str, str | int] = {
        "HALF": _TYPES[dtype],
        "STORED": _TYPES[stored or dtype],
        "EIGHT_BITS": int(stored == torch.int8),
        "HIDDEN": sizes.hidden,
        "FFN": sizes.ffn,
        "GPT2": _gpt2(sizes),
        "DOWN_WARPS": DOWN_WARPS,
        "IS_ROUNDED": int(rounds(sizes, dtype)),
    }
    for of_matrix in products(sizes, capability, stored).values():
        for each in of_matrix:
            name = each.kernel.upper()
            defines |= {f"{name}_TILES": each.tiles, f"{name}_BLOCKS": each.beside}
    return SourceFile(_PACKAGE, "projections.cu", defines)


def full_precision(sizes: T3Sizes) -> SourceFile:
    return SourceFile(_PACKAGE, "full_precision.cu", {"GPT2": _gpt2(sizes)})


def attention(
    sizes: T3Sizes,
    dtype: torch.dtype,
    capability: tuple[int, int],
    cache: torch.dtype | None = None,
) -> SourceFile:
    """For queries of `dtype`; keys and values are kept in `cache`, or in it as well."""
    defines: dict[str, str | int] = {
        "TYPE": _TYPES[dtype],
        "CACHE": _TYPES[cache or dtype],
        "PAGE": PAGE,
        "ROTARY": 1 - _gpt2(sizes),
    }
    for each in attentions(sizes, capability, cache):
        defines |= {
            f"{each.name.upper()}_WARPS": each.warps,
            f"{each.name.upper()}_AHEAD": each.ahead,
        }
    return SourceFile(_PACKAGE, "attention.cu", defines)


def attention_few(
    sizes: T3Sizes, dtype: torch.dtype, cache: torch.dtype | None = None
) -> SourceFile:
    """For queries of half precision; keys and values are kept in `cache`, or in `dtype` as well."""
    defines: dict[str, str | int] = {
        "TYPE": _TYPES[dtype],
        "CACHE": _TYPES[cache or dtype],
        "PAGE": PAGE,
        "ROTARY": 1 - _gpt2(sizes),
    }
    for each in attentions_of_few(sizes, cache):
        name = each.name.upper()
        defines |= {f"{name}_WARPS": each.warps, f"{name}_TILES": each.ahead}
    return SourceFile(_PACKAGE, "attention_few.cu", defines)


def between(sizes: T3Sizes, dtype: torch.dtype) -> SourceFile:
    defines: dict[str, str | int] = {"TYPE": _TYPES[dtype], "ROTARY": 1 - _gpt2(sizes)}
    return SourceFile(_PACKAGE, "between.cu", defines)


def prompts(sizes: T3Sizes, dtype: torch.dtype) -> SourceFile:
    """For half precision."""
    defines: dict[str, str | int] = {"TYPE": _TYPES[dtype], "ROTARY": 1 - _gpt2(sizes)}
    return SourceFile(_PACKAGE, "prompts.cu", defines)


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
        "STATUS_SHIFT": STATUS_SHIFT,
    }
    for names in (Column, SlotStatus, Parameter):
        defines |= {each.name: int(each) for each in names}
    return SourceFile(_PACKAGE, "sampling.cu", defines)


def _gpt2(sizes: T3Sizes) -> int:
    return int(sizes.backbone == "gpt2")
