"""Keys and values of all utterances, in pages of so many positions drawn from one pool.

A row gets the pages that it is expected to need when it is admitted, and more when it gets there.
The conditioning prefix of a voice fills whole pages that are the same for every row of that
voice, guided and unguided, and are therefore stored once. Page 0 belongs to no row: writes that
must go nowhere go there.

They can be kept in eight bits (`quantised`): each vector has a scale then. A page of a head is then
its vectors one after the other, and their scales in fp32 behind them.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from engine.chatterbox.t3.config import PAGE
from engine.chatterbox.t3.quantised import quantised, widened
from engine.weights.sizes import HEAD_DIM, T3Sizes

SINK_PAGE = 0
_SCALE_BYTES = torch.float32.itemsize


class PagePool:
    """The storage, and which of its pages are free. Pages are plain ints."""

    def __init__(
        self,
        sizes: T3Sizes,
        pages: int,
        dtype: torch.dtype,
        device: torch.device,
        page: int = PAGE,
    ) -> None:
        """Keys and values in `dtype`, a floating type or one of eight bits."""
        self.page = page
        vectors = (page * position_bytes(dtype),) if dtype == torch.int8 else (page, HEAD_DIM)
        shape = (sizes.layers, 2, pages + 1, sizes.heads, *vectors)
        # Zeroed once: a masked position is multiplied by zero, which would not silence a NaN.
        self.storage = zeros(shape, dtype, device)
        self._free = list(range(pages, SINK_PAGE, -1))
        self._written: set[int] = set()  # of those that are free, perhaps
        self._to_be_cleared: set[int] = set()  # once they are free

    @property
    def free(self) -> int:
        return len(self._free)

    def take(self, count: int) -> list[int]:
        """Reserve pages. Raises `ValueError` if fewer are free: ask `free` first."""
        if count > len(self._free):
            raise ValueError(f"{count} pages asked for, {len(self._free)} free")
        return [self._free.pop() for _ in range(count)]

    def give_back(self, pages: list[int]) -> None:
        """Return reserved pages. What was queued on the stream before may still read them."""
        self._free.extend(pages)
        self._written.update(pages)
        if expected := self._to_be_cleared.intersection(pages):
            self._to_be_cleared -= expected
            self._clear(expected)

    def forget(self) -> None:
        """Leave nothing in pages that are free, nor in the others once they are."""
        free = set(self._free)
        self._to_be_cleared = set(range(self.storage.shape[2])) - free
        self._clear({SINK_PAGE} | self._written & free)

    def views(self, layer: int) -> tuple[Tensor, Tensor]:
        """Keys and values of a layer, each (pages, heads, `page`, HEAD_DIM), or as for `parts`."""
        return self.storage[layer, 0], self.storage[layer, 1]

    def fill(self, page: int, both: Tensor) -> None:
        """Keep keys and values (layers, 2, heads, `page`, HEAD_DIM) as a whole page."""
        kept = self.storage[:, :, page]
        if kept.dtype != torch.int8:
            kept.copy_(both)
            return
        for target, source in zip(parts(kept), quantised(both.float()), strict=True):
            target.copy_(source)

    def clear(self, page: int) -> None:
        self.storage[:, :, page].zero_()

    def _clear(self, pages: set[int]) -> None:
        self._written -= pages
        some = torch.tensor(sorted(pages), device=self.storage.device)
        self.storage.index_fill_(2, some, 0)

    def places(self, pages: Tensor, offsets: Tensor) -> Tensor:
        """Where positions of rows are kept.

        `pages` and `offsets` are (rows, positions) int64: each position's page, and where in it.
        The result is for `put`.
        """
        count, heads = self.storage.shape[2:4]
        device = pages.device
        head = torch.arange(heads, device=device)[:, None]
        place = (pages[:, None] * heads + head) * self.page + offsets[:, None]
        half = torch.arange(2, device=device)[:, None, None, None] * (count * heads * self.page)
        return (half + place).flatten()

    def put(self, layer: int, places: Tensor, both: Tensor) -> None:
        """Keep keys and values (2, rows, heads, positions, HEAD_DIM) of one layer at `places`."""
        kept, vectors = self.storage[layer], both.reshape(-1, HEAD_DIM)
        if kept.dtype != torch.int8:
            kept.view(-1, HEAD_DIM).index_copy_(0, places, vectors)
            return
        codes, scales = parts(kept.view(-1, kept.shape[-1]))
        new_codes, new_scales = quantised(vectors.float())
        at = places // self.page, places % self.page
        codes.index_put_(at, new_codes)
        scales.index_put_(at, new_scales)


@dataclass(frozen=True)
class InPages:
    """Where prompts' keys and values are kept: `engine.chatterbox.t3.prompt.Destination`."""

    pool: PagePool
    pages: Tensor
    offsets: Tensor

    @cached_property
    def _places(self) -> Tensor:
        return self.pool.places(self.pages, self.offsets)

    def views(self, layer: int) -> tuple[Tensor, Tensor]:
        return self.pool.views(layer)

    def put(self, layer: int, both: Tensor) -> None:
        self.pool.put(layer, self._places, both)


def position_bytes(dtype: torch.dtype) -> int:
    """Of one head's key or value of one position."""
    return HEAD_DIM * dtype.itemsize + (_SCALE_BYTES if dtype == torch.int8 else 0)


def page_of(kept: Tensor) -> int:
    """Positions of a page of a layer's keys or values."""
    return kept.shape[2] // (position_bytes(kept.dtype) if kept.dtype == torch.int8 else 1)


def parts(kept: Tensor) -> tuple[Tensor, Tensor]:
    """Of keys or values in eight bits, (..., page * position_bytes): codes and scales, as views.

    (..., page, HEAD_DIM) and fp32 (..., page).
    """
    page = kept.shape[-1] // position_bytes(kept.dtype)
    codes, scales = kept[..., : page * HEAD_DIM], kept[..., page * HEAD_DIM :]
    return codes.view(*codes.shape[:-1], page, HEAD_DIM), scales.view(torch.float32)


def write(kept: Tensor, pages: Tensor, offsets: Tensor, vectors: Tensor) -> None:
    """Keep `vectors` (rows, heads, HEAD_DIM) of one position a row in a layer's keys or values."""
    if kept.dtype != torch.int8:
        kept[pages, :, offsets] = vectors.to(kept.dtype)
        return
    codes, scales = parts(kept)
    new_codes, new_scales = quantised(vectors.float())
    codes[pages, :, offsets] = new_codes
    scales[pages, :, offsets] = new_scales


def read(kept: Tensor, pages: Tensor, dtype: torch.dtype) -> Tensor:
    """Pages (rows, n) of a layer's keys or values: (rows, n, heads, page, HEAD_DIM) in `dtype`."""
    if kept.dtype != torch.int8:
        return kept[pages].to(dtype)
    codes, scales = parts(kept)
    return widened(codes[pages], scales[pages]).to(dtype)


def zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Zeros that on a CPU take memory only as they are written to: torch writes its own at once."""
    if device.type != "cpu":
        return torch.zeros(shape, dtype=dtype, device=device)
    unwritten = np.zeros(math.prod(shape) * dtype.itemsize, dtype=np.uint8)
    return torch.from_numpy(unwritten).view(dtype).view(shape)
