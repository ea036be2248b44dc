"""Keys and values of all utterances, in pages of so many positions drawn from one pool.

A row gets the pages that it is expected to need when it is admitted, and more when it gets there.
The conditioning prefix of a voice fills whole pages that are the same for every row of that
voice, guided and unguided, and are therefore stored once. Page 0 belongs to no row: writes that
must go nowhere go there.
"""

import math

import numpy as np
import torch
from torch import Tensor

from engine.chatterbox.t3.config import PAGE
from engine.weights.sizes import HEAD_DIM, T3Sizes

SINK_PAGE = 0


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
        self.page = page
        shape = (sizes.layers, 2, pages + 1, sizes.heads, page, HEAD_DIM)
        # Zeroed once: a masked position is multiplied by zero, which would not silence a NaN.
        self.storage = zeros(shape, dtype, device)
        self._free = list(range(pages, SINK_PAGE, -1))

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

    def views(self, layer: int) -> tuple[Tensor, Tensor]:
        """Keys and values of one layer, each (pages, heads, `page`, HEAD_DIM)."""
        return self.storage[layer, 0], self.storage[layer, 1]

    def places(self, pages: Tensor, offsets: Tensor) -> Tensor:
        """Where positions of rows are kept.

        `pages` and `offsets` are (rows, positions) int64: each position's page, and where in it.
        The result is for `put`.
        """
        _, _, count, heads, _, _ = self.storage.shape
        device = pages.device
        head = torch.arange(heads, device=device)[:, None]
        place = (pages[:, None] * heads + head) * self.page + offsets[:, None]
        half = torch.arange(2, device=device)[:, None, None, None] * (count * heads * self.page)
        return (half + place).flatten()

    def put(self, layer: int, places: Tensor, both: Tensor) -> None:
        """Keep keys and values (2, rows, heads, positions, HEAD_DIM) of one layer at `places`."""
        self.storage[layer].view(-1, HEAD_DIM).index_copy_(0, places, both.reshape(-1, HEAD_DIM))


def zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Zeros that on a CPU take memory only as they are written to: torch writes its own at once."""
    if device.type != "cpu":
        return torch.zeros(shape, dtype=dtype, device=device)
    unwritten = np.zeros(math.prod(shape) * dtype.itemsize, dtype=np.uint8)
    return torch.from_numpy(unwritten).view(dtype).view(shape)
