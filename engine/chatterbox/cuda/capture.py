"""Capturing launches as a CUDA graph: one pool of memory and one stream for graphs that share it.

Graphs of one pool use the same memory, so their replays have to be queued on one stream. The
libraries keep a workspace for every stream that they were captured on, which is why a pool has one
such stream for good, and why no two pools share theirs: their replays would share the workspace.
"""

import gc
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import torch
from torch import Tensor

MAX_GRAPHS = 48  # of one function: a graph of a few thousand kernels takes some megabytes

InputsT = TypeVar("InputsT", bound=NamedTuple)
ResultT = TypeVar("ResultT")
Shapes = tuple[torch.Size, ...]


class GraphPool:
    """What graphs share whose replays are queued on one stream."""

    def __init__(self) -> None:
        self._memory = torch.cuda.MemPool()
        self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch's

    def rehearse(self, launch: Callable[[], ResultT]) -> ResultT:
        """Run what is to be captured next, in the memory that its graph will use.

        What it returns is overwritten by any graph of the pool that runs afterwards.
        """
        with self._aside(), torch.cuda.use_mem_pool(self._memory):
            return launch()

    def capture(self, launch: Callable[[], None]) -> torch.cuda.CUDAGraph:
        """What `launch` launches, as a graph. It must have run before, and runs nothing now."""
        graph = torch.cuda.CUDAGraph()
        with self._aside(), _nothing_collected():
            # Not `torch.cuda.graph`: it waits for the whole device and empties the allocator.
            memory: Any = self._memory.id  # torch annotates it as another type than it takes here
            graph.capture_begin(pool=memory, capture_error_mode="thread_local")
            try:
                launch()
            finally:
                graph.capture_end()
        return graph

    @contextmanager
    def _aside(self) -> Iterator[None]:
        current = torch.cuda.current_stream()
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            yield
        current.wait_stream(self._stream)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Torch ends the process if another pool is freed while a graph is being captured."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@dataclass(frozen=True, slots=True)
class _Captured(Generic[InputsT]):
    graph: torch.cuda.CUDAGraph
    inputs: InputsT
    output: Tensor


class GraphedFunction(Generic[InputsT]):
    """A function of a tuple of tensors whose launches depend on shapes only, as graphs.

    A shape's first call runs eagerly, which also is the warm-up that a capture needs; its second
    call captures, and replays what it captured: a capture alone computes nothing. Without a pool,
    as on the CPU, the function is simply called.
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
        """The function's value; on CUDA in memory that the pool's next graph may overwrite."""
        if self._pool is None:
            return self._function(inputs)
        shapes = tuple(tensor.shape for tensor in inputs)
        if shapes not in self._seen:
            output = self._pool.rehearse(lambda: self._function(inputs))
            self._seen.add(shapes)  # not if that failed: what never ran cannot be captured
            return output
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
        outputs: list[Tensor] = []
        graph = pool.capture(lambda: outputs.append(self._function(static)))
        return _Captured(graph, static, outputs[0])
