"""CUDA graphs, one for each shape of a function's inputs, captured when a shape comes again.

A shape's first call runs eagerly, which also is the warm-up that a capture needs; its second call
captures, and replays what it captured: a capture alone computes nothing. Replays share one memory
pool, so they have to be queued on one stream, and an output has to be used or copied on that
stream before the next call.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import torch
from torch import Tensor

MAX_GRAPHS = 48  # a graph of a few thousand kernels takes some megabytes

InputsT = TypeVar("InputsT", bound=NamedTuple)
Shapes = tuple[torch.Size, ...]


@dataclass(frozen=True, slots=True)
class _Captured(Generic[InputsT]):
    graph: torch.cuda.CUDAGraph
    inputs: InputsT
    output: Tensor


class GraphPool:
    """What the graphs of one stream share: memory, and a bound on their number."""

    def __init__(self) -> None:
        self.handle = torch.cuda.graph_pool_handle()


class GraphedFunction(Generic[InputsT]):
    """A function of a tuple of tensors whose launches depend on shapes only.

    Without a pool, as on the CPU, it is simply called.
    """

    def __init__(self, function: Callable[[InputsT], Tensor], pool: GraphPool | None) -> None:
        self._function = function
        self._pool = pool
        self._seen: set[Shapes] = set()
        self._captured: OrderedDict[Shapes, _Captured[InputsT]] = OrderedDict()

    @property
    def captured(self) -> int:
        """How many graphs are held."""
        return len(self._captured)

    def __call__(self, inputs: InputsT) -> Tensor:
        """The function's value; with a graph, in memory that the next call overwrites."""
        if self._pool is None:
            return self._function(inputs)
        shapes = tuple(tensor.shape for tensor in inputs)
        if shapes not in self._seen:
            self._seen.add(shapes)
            return self._function(inputs)
        if shapes not in self._captured:
            self._captured[shapes] = self._capture(inputs, self._pool)
            if len(self._captured) > MAX_GRAPHS:
                self._captured.popitem(last=False)
        self._captured.move_to_end(shapes)
        captured = self._captured[shapes]
        torch._foreach_copy_(list(captured.inputs), list(inputs))
        captured.graph.replay()
        return captured.output

    def _capture(self, inputs: InputsT, pool: GraphPool) -> _Captured[InputsT]:
        static = type(inputs)(*(tensor.clone() for tensor in inputs))
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=pool.handle, capture_error_mode="thread_local"):
            output = self._function(static)
        return _Captured(graph, static, output)
