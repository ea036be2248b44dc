"""The conditioning prefix of each voice, as keys and values that later utterances reuse.

Whole pages of it lie in the page pool and are shared by every row of the voice; the few positions
past the last whole page are copied into each row's own first page. Prefill reads the prefix in one
piece, so that is kept too, never in eight bits: 8 MB a voice together with a Llama, 74 MB with the
longer prefixes of Turbo. Of those not in use the least recently used goes.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.chatterbox.t3.kv_cache import PagePool, zeros
from engine.weights.sizes import HEAD_DIM, T3Sizes


@dataclass
class Prefix:
    """Where a voice's prefix is kept: its place in `PrefixCache.storage`, and its shared pages.

    It has `positions` positions. Of the pages that are `kept` for it, those are shared that it
    fills.
    """

    place: int
    kept: list[int]
    page: int
    positions: int = 0
    users: int = 0

    @property
    def pages(self) -> list[int]:
        return self.kept[: self.positions // self.page]


class PrefixCache:
    """Prefixes by whatever distinguishes them, least recently used first.

    `storage` is (voices, layers, 2, heads, positions, HEAD_DIM); past a voice's own positions are
    zeros.
    """

    def __init__(
        self, pool: PagePool, sizes: T3Sizes, voices: int, dtype: torch.dtype = torch.float32
    ) -> None:
        positions = sizes.conditioning_positions
        shape = (voices, sizes.layers, 2, sizes.heads, positions, HEAD_DIM)
        self.storage = zeros(shape, dtype, pool.storage.device)
        self._pool = pool
        whole = positions // pool.page
        self._free = [Prefix(place, pool.take(whole), pool.page) for place in range(voices)]
        self._kept: OrderedDict[object, Prefix] = OrderedDict()

    def has_room_for(self, key: object) -> bool:
        idle = any(prefix.users == 0 for prefix in self._kept.values())
        return idle or key in self._kept or bool(self._free)

    def acquire(self, key: object, positions: int, compute: Callable[[], Tensor]) -> Prefix:
        """The prefix under `key`, of so many positions, in use until `release`.

        `compute` gives its keys and values, (layers, 2, heads, at least `positions`, HEAD_DIM).
        Raises `ValueError` if as many voices are in use as there is room for.
        """
        if key not in self._kept:
            computed = compute()
            prefix = self._vacated()
            try:
                self._fill(prefix, positions, computed)
            except BaseException:  # as memory ran out: there is as much room as before
                self._empty(prefix)
                raise
            self._kept[key] = prefix
        self._kept.move_to_end(key)
        self._kept[key].users += 1
        return self._kept[key]

    def release(self, prefix: Prefix) -> None:
        prefix.users -= 1

    def forget(self) -> None:
        """Drop every voice that is not in use, and zero what was computed of it."""
        for key in [key for key, prefix in self._kept.items() if prefix.users == 0]:
            prefix = self._kept.pop(key)
            self._empty(prefix)

    def _fill(self, prefix: Prefix, positions: int, computed: Tensor) -> None:
        before, prefix.positions = prefix.pages, positions
        for page in before[len(prefix.pages) :]:  # of a longer voice, that may be forgotten now
            self._pool.clear(page)
        stored = self.storage[prefix.place]
        stored[:, :, :, :positions] = computed[:, :, :, :positions]
        stored[:, :, :, positions:].zero_()
        for index, page in enumerate(prefix.pages):
            span = computed[:, :, :, index * prefix.page : (index + 1) * prefix.page]
            self._pool.fill(page, span)

    def _empty(self, prefix: Prefix) -> None:
        self.storage[prefix.place].zero_()
        for page in prefix.kept:
            self._pool.clear(page)
        self._free.append(prefix)

    def _vacated(self) -> Prefix:
        if self._free:
            return self._free.pop()
        for key, prefix in self._kept.items():
            if prefix.users == 0:
                return self._kept.pop(key)
        raise ValueError("every prefix is in use")
