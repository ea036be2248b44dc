"""A decode step as one CUDA graph per size of batch and context, captured when first needed.

Replaying a graph costs one launch where the step itself has hundreds. Elsewhere than on CUDA the
step is simply run.
"""

from typing import NamedTuple

import torch

from engine.chatterbox.buffers import Batch
from engine.chatterbox.t3 import T3


class GraphKey(NamedTuple):
    """What a captured step depends on beside the device's memory."""

    places: int
    guided: bool
    context: int
    draw_noise: bool


class StepGraphs:
    """Runs steps of one decoder, from graphs where it can."""

    def __init__(self, t3: T3, *, capture: bool = True) -> None:
        self._t3 = t3
        self._capture = capture and t3.device.type == "cuda"
        self._graphs: dict[GraphKey, torch.cuda.CUDAGraph] = {}
        self._pool = torch.cuda.graph_pool_handle() if self._capture else None

    @property
    def captured(self) -> list[GraphKey]:
        """Which graphs exist, oldest first."""
        return list(self._graphs)

    def run(self, slots: list[int], key: GraphKey, *, steps: int = 1) -> Batch:
        """Queue steps over these slots on the current stream. The key's sizes must hold them."""
        t3 = self._t3
        batch = t3.buffers.batch(key.places, guided=key.guided, context=key.context)
        if self._capture and key not in self._graphs:
            self._graphs[key] = self._captured(batch, key)
        t3.buffers.fill(batch, slots)
        for _ in range(steps):
            if self._capture:
                self._graphs[key].replay()
            else:
                t3.step(batch, draw_noise=key.draw_noise)
        return batch

    def _captured(self, batch: Batch, key: GraphKey) -> torch.cuda.CUDAGraph:
        t3 = self._t3
        # The rehearsal compiles kernels and must not touch anybody's utterance: no slot is in it.
        t3.buffers.fill(batch, [])
        t3.step(batch, draw_noise=key.draw_noise)
        current = torch.cuda.current_stream()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.stream(torch.cuda.Stream()) as _:
            side = torch.cuda.current_stream()
            side.wait_stream(current)
            # Not `torch.cuda.graph`: it waits for the whole device and empties the allocator.
            graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
            try:
                t3.step(batch, draw_noise=key.draw_noise)
            finally:
                graph.capture_end()
        current.wait_stream(side)
        return graph
