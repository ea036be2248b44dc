"""What can be given back when the device's memory runs out."""

from collections.abc import Callable, Sequence

import torch

from engine import heap
from engine.chatterbox.cuda.capture import GraphCache


class SpareMemory:
    """What others than the one that runs short hold.

    `unused` are functions that release what is kept for later, and return whether there was any.
    `graphs` are evicted only where a job would else fail: they are soon captured anew.
    """

    def __init__(
        self,
        device: torch.device,
        unused: Sequence[Callable[[], bool]] = (),
        graphs: Sequence[GraphCache] = (),
    ) -> None:
        self._on_cuda = device.type == "cuda"
        self._unused, self._graphs = unused, graphs

    def release_unused(self) -> bool:
        """Release what is not in use at the moment; whether there was any."""
        return self._released([release() for release in self._unused])

    def evict_graphs(self) -> bool:
        """Evict all graphs; whether there were any."""
        return self._released([cache.clear() for cache in self._graphs])

    def empty_cache(self) -> None:
        """Return what is kept for later to the system.

        On a GPU to the driver, as captures do not look for it in torch's cache.
        """
        if self._on_cuda:
            torch.cuda.empty_cache()
        else:
            heap.give_back()

    def _released(self, released: list[bool]) -> bool:
        if any(released):
            self.empty_cache()
        return any(released)
