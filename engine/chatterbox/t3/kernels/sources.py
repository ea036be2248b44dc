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


def attentions(sizes: T3Sizes) -> tuple[Attention, ...]:
    # A GPT-2's stream is one row, behind a longer prefix.
    few = Attention("few", warps=16, ahead=6, rows=8 if _gpt2(sizes) else 2)
    some = Attention("some", warps=8, ahead=6, rows=16)
    return few, some, Attention("many", warps=4, ahead=6)


@dataclass(frozen=True)
class Tiles:
    """How many times eight rows of each matrix one block takes.

    As much of them as its shared memory holds is asked for before a block can begin.
    """

    qkv: int
    up: int
    head: int

    @classmethod
    def on(cls, capability: tuple[int, int], sizes: T3Sizes) -> "Tiles":
        # 227 KB on data-centre cards since Hopper, from 64 to 163 KB on others.
        large = capability in ((9, 0), (10, 0), (10, 3))
        if not large:
            return cls(qkv=3, up=2, head=2)
        # A GPT-2 has no gate, and half as many rows there.
        return cls(qkv=3, up=4, head=7) if _gpt2(sizes) else cls(qkv=3, up=8, head=8)


@dataclass(frozen=True)
class Product:
    """How a matrix of half precision is multiplied with few rows: kernels of `projections.cu`."""

    name: str
    width: int
    warps: int
    tiles: int

    @property
    def threads(self) -> int:
        return 32 * self.warps

    def shared(self, capability: tuple[int, int], *, wide: bool) -> int:
        """Dynamic shared memory of a block, in bytes: its part of the matrix, later its sums."""
        sums = self.tiles if wide else -(-self.tiles // 2)
        chunks = self.width // WARP_COLUMNS // self.warps
        pieces = self.tiles * chunks if capability >= (8, 0) else 0
        return 16 * self.threads * max(pieces, sums)


def products(sizes: T3Sizes, capability: tuple[int, int]) -> dict[str, Product]:
    tiles = Tiles.on(capability, sizes)
    every = (
        Product("qkv", sizes.hidden, WARPS, tiles.qkv),
        Product("output", sizes.hidden, WARPS, 1),
        Product("up", sizes.hidden, WARPS, tiles.up),  # with a Llama's gate
        Product("down", sizes.ffn, DOWN_WARPS, 1),
        Product("head", sizes.hidden, WARPS, tiles.head),
    )
    return {product.name: product for product in every}


def multiplies(sizes: T3Sizes) -> bool:
    """Whether a network's widths are such as `projections.cu` takes; all real ones' are."""
    return sizes.hidden % (WARPS * WARP_COLUMNS) == 0 and sizes.ffn % (DOWN_WARPS * 32) == 0


def projections(sizes: T3Sizes, dtype: torch.dtype, capability: tuple[int, int]) -> SourceFile:
    tiles = Tiles.on(capability, sizes)
    defines: dict[str, str | int] = {
        "HALF": _TYPES[dtype],
        "HIDDEN": sizes.hidden,
        "FFN": sizes.ffn,
        "GPT2": _gpt2(sizes),
        "QKV_TILES": tiles.qkv,
        "UP_TILES": tiles.up,
        "HEAD_TILES": tiles.head,
        "DOWN_WARPS": DOWN_WARPS,
    }
    return SourceFile(_PACKAGE, "projections.cu", defines)


def full_precision(sizes: T3Sizes) -> SourceFile:
    return SourceFile(_PACKAGE, "full_precision.cu", {"GPT2": _gpt2(sizes)})


def attention(sizes: T3Sizes, dtype: torch.dtype) -> SourceFile:
    defines: dict[str, str | int] = {
        "TYPE": _TYPES[dtype],
        "PAGE": PAGE,
        "ROTARY": 1 - _gpt2(sizes),
    }
    for each in attentions(sizes):
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
