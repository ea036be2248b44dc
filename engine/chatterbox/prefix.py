"""The conditioning prefix of each voice, as keys and values that later utterances reuse.

Whole pages of it lie in the page pool and are shared by every row of the voice; the few positions
past the last whole page are copied into each row's own first page. The least recently used
voices go when pages run short; one in use never does.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.chatterbox.config import PAGE
from engine.chatterbox.kv_cache import PagePool


@dataclass
class Prefix:
    """One voice's prefix. `tail` is (layers, 2, heads, positions past the last page, HEAD_DIM)."""

    pages: list[int]
    tail: Tensor
    users: int = 0

    @property
    def positions(self) -> int:
        """How many positions it has."""
        return len(self.pages) * PAGE + self.tail.shape[3]

    def keys_and_values(self, pool: PagePool, layer: int) -> tuple[Tensor, Tensor]:
        """Each (heads, positions, HEAD_DIM)."""
        whole = pool.storage[layer][:, torch.tensor(self.pages, dtype=torch.int64)]
        whole = whole.transpose(1, 2).flatten(2, 3)
        keys, values = torch.cat([whole, self.tail[layer]], dim=2)
        return keys, values


class PrefixCache:
    """Prefixes by whatever distinguishes them, least recently used first."""

    def __init__(self, pool: PagePool) -> None:
        self._pool = pool
        self._kept: OrderedDict[object, Prefix] = OrderedDict()

    def acquire(self, key: object, compute: Callable[[], Tensor]) -> Prefix:
        """The prefix under `key`, in use until `release`.

        `compute` gives its keys and values, (layers, 2, heads, positions, HEAD_DIM). Raises
        `ValueError` if the pool has no pages for a new one.
        """
        prefix = self._kept.get(key)
        if prefix is None:
            computed = compute()
            whole = computed.shape[3] // PAGE
            pages = self._pool.take(whole)
            for index, page in enumerate(pages):
                span = computed[:, :, :, index * PAGE : (index + 1) * PAGE]
                self._pool.storage[:, :, page] = span
            prefix = Prefix(pages, computed[:, :, :, whole * PAGE :].clone())
            self._kept[key] = prefix
        self._kept.move_to_end(key)
        prefix.users += 1
        return prefix

    def release(self, prefix: Prefix) -> None:
        """One utterance fewer uses it."""
        prefix.users -= 1

    def shrink(self, pages: int) -> None:
        """Forget unused voices until the pool has this many free pages, or none is left."""
        for key in [key for key, prefix in self._kept.items() if prefix.users == 0]:
            if self._pool.free >= pages:
                return
            self._pool.give_back(self._kept.pop(key).pages)
