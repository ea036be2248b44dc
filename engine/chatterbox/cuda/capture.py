"""Capturing launches as a CUDA graph: one pool of memory and one stream for graphs that share it.

Graphs of one pool use the same memory, so their replays have to be queued on one stream. The
libraries keep a workspace for every stream that they were captured on, which is why a pool has one
such stream for good, and why no two pools share theirs: their replays would share the workspace.

`GraphCache` is where all captured graphs are kept, T3's and S3Gen's.
"""

import gc
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor

#: Of one cache: a graph of a few thousand kernels takes some megabytes.
MOST_GRAPHS = 128
#: How torch begins what it says of the driver's status for it.
_NO_MEMORY = "CUDA error: out of memory"

InputsT = TypeVar("InputsT", bound=NamedTuple)
RoomT = TypeVar("RoomT", bound="GraphInputs")
BetweenT = TypeVar("BetweenT")
ResultT = TypeVar("ResultT")


class GraphInputs(Protocol):
    """Memory that a graph reads, and that is filled anew before each replay."""

    def forget(self) -> None:
        """Queue what leaves nothing of anybody in it."""


class GraphPool:
    """What graphs share whose replays are queued on one stream."""

    def __init__(self) -> None:
        self._first: torch.cuda.CUDAGraph | None = None  # freed before the memory
        self._memory = torch.cuda.MemPool()
        self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch's

    def rehearse(self, launch: Callable[[], ResultT]) -> ResultT:
        """Run what is to be captured next, in the memory that its graph will use.

        What it returns is overwritten by any graph of the pool that runs afterwards.
        """
        with aside(self._stream), _nothing_collected(), torch.cuda.use_mem_pool(self._memory):
            return launch()

    def capture(self, launch: Callable[[], None]) -> torch.cuda.CUDAGraph:
        """What `launch` launches, as a graph. It must have run before, and runs nothing now."""
        if self._first is None:
            # Torch 2.11 refuses to capture in a pool once all of its graphs are gone, so that one
            # stays for good (`use_count` of its CachingHostAllocator).
            torch.zeros(1, device="cuda")
            self._first = self._capture(lambda: torch.zeros(1, device="cuda"))
        return self._capture(launch)

    def _capture(self, launch: Callable[[], object]) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        with aside(self._stream), _nothing_collected():
            # Not `torch.cuda.graph`: it waits for the whole device and empties the allocator.
            memory: Any = self._memory.id  # torch annotates it as another type than it takes here
            graph.capture_begin(pool=memory, capture_error_mode="thread_local")
            try:
                launch()
            except BaseException:
                with suppress(RuntimeError):  # a capture that is void says so when it ends, too
                    graph.capture_end()
                raise
            with _told_as_scarce():
                graph.capture_end()
        return graph


@contextmanager
def aside(stream: torch.cuda.Stream, since: torch.cuda.Event | None = None) -> Iterator[None]:
    """Queue work on `stream`, behind all that is queued on the current one, or behind `since`.

    What is queued on the current one afterwards waits for it.
    """
    current = torch.cuda.current_stream()
    if since is None:
        stream.wait_stream(current)
    else:
        stream.wait_event(since)
    try:
        with torch.cuda.stream(stream):
            yield
    finally:  # what was queued before a failure still uses the memory that it was given
        current.wait_stream(stream)


@contextmanager
def _told_as_scarce() -> Iterator[None]:
    """Raise as torch does for tensors where the driver has no memory for a graph itself.

    Torch tells of that as of a device that failed, which ends the process; here it is enough that
    others give memory back.
    """
    try:
        yield
    except RuntimeError as error:
        if str(error).startswith(_NO_MEMORY):
            raise torch.OutOfMemoryError("CUDA has no memory for a graph") from error
        raise


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Torch ends the process if another pool is freed while one is allocated from, or captured."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@dataclass(frozen=True, slots=True)
class CapturedGraph:
    """Graphs in a row with the tensors that they read, and their output.

    The latter may be overwritten by later graphs. `between` is memory that one writes for the next.
    """

    graphs: tuple[torch.cuda.CUDAGraph, ...]
    inputs: Any
    output: Any
    between: object = None

    def replay(self) -> None:
        for graph in self.graphs:
            graph.replay()


class GraphCache:
    """Graphs of one pool by key; beyond `most`, the least recently used is evicted.

    A graph may be evicted while a replay of it is queued: CUDA frees an executable graph in flight
    when that has ended (`cuGraphExecDestroy`), and the memory of its inputs and of the pool only
    goes to work that is queued behind it, because replays, rehearsals and the allocations of
    inputs follow one another on one stream. Without a pool, as on the CPU, nothing is captured.
    """

    def __init__(self, pool: GraphPool | None, most: int = MOST_GRAPHS) -> None:
        self._graphs: OrderedDict[Hashable, CapturedGraph] = OrderedDict()
        self._rehearsed: set[Hashable] = set()  # and not captured since
        self._most = most
        self._pool = pool  # the last to be freed with this: graphs are freed before their memory

    @property
    def captures(self) -> bool:
        return self._pool is not None

    def __len__(self) -> int:
        return len(self._graphs)

    def find(self, key: Hashable) -> CapturedGraph | None:
        """The graph under `key`, which now is the most recently used."""
        captured = self._graphs.get(key)
        if captured is not None:
            self._graphs.move_to_end(key)
        return captured

    def capture(
        self,
        key: Hashable,
        launch: Callable[[], object],
        inputs: tuple[Tensor, ...] | GraphInputs | None = None,
    ) -> CapturedGraph:
        """What `launch` launches, as the graph under `key`; rehearsed first if it was not."""
        if key not in self._rehearsed:
            self._rehearse(key, launch)
        self._rehearsed.remove(key)  # if the capture fails, or is evicted, it is rehearsed anew
        graph, output = self._captured(launch)
        return self._kept(key, CapturedGraph((graph,), inputs, output))

    def call(self, name: str, function: Callable[[InputsT], Tensor], inputs: InputsT) -> Tensor:
        """`function` of a tuple of tensors, on whose shapes alone depends what it launches.

        The first call for some shapes runs eagerly, which also is the rehearsal; the second one
        captures, and replays what it captured: a capture alone computes nothing. The value is in
        memory that the pool's next graph may overwrite.
        """
        if self._pool is None:
            return function(inputs)
        key = (name, *(tensor.shape for tensor in inputs))
        captured = self.find(key)
        if captured is None:
            if key not in self._rehearsed:
                return self._rehearse(key, lambda: function(inputs))
            static = type(inputs)(*(tensor.clone() for tensor in inputs))
            captured = self.capture(key, lambda: function(static), static)
        torch._foreach_copy_(list(captured.inputs), list(inputs))
        captured.replay()
        output: Tensor = captured.output
        return output

    def room(self, key: Hashable, make: Callable[[], RoomT]) -> RoomT:
        """What `run` is to be given under `key`: once there is a graph, that which it reads."""
        captured = self.find(key)
        room: RoomT = make() if captured is None else captured.inputs
        return room

    def run(self, key: Hashable, function: Callable[[RoomT], Tensor], room: RoomT) -> Tensor:
        """`function` of a `room`, run, captured and replayed as by `call`."""
        if self._pool is None:
            return function(room)
        captured = self.find(key)
        if captured is None:
            if key not in self._rehearsed:
                return self._rehearse(key, lambda: function(room))
            captured = self.capture(key, lambda: function(room), room)
        captured.replay()
        output: Tensor = captured.output
        return output

    @torch.inference_mode()  # as most of what is zeroed was made
    def forget(self) -> None:
        """Queue, on the stream of replays, what leaves nothing of anybody in what graphs read."""
        for captured in self._graphs.values():
            if isinstance(captured.between, Tensor):
                captured.between.zero_()
            if isinstance(captured.inputs, tuple):
                torch._foreach_zero_(list(captured.inputs))
            elif captured.inputs is not None:
                captured.inputs.forget()

    def run_in_two(
        self,
        key: Hashable,
        first: Callable[[RoomT], BetweenT],
        second: Callable[[RoomT, BetweenT], Tensor],
        room: RoomT,
    ) -> Tensor:
        """`second` of a `room` and of what `first` gives of it, as by `run`, but in two graphs.

        The device begins with the first one while the host still hands over the second.
        """
        if self._pool is None:
            return second(room, first(room))
        captured = self.find(key)
        if captured is None:
            if key not in self._rehearsed:
                return self._rehearse(key, lambda: second(room, first(room)))
            self._rehearsed.remove(key)
            begin, between = self._captured(lambda: first(room))
            end, output = self._captured(lambda: second(room, between))
            captured = self._kept(key, CapturedGraph((begin, end), room, output, between))
        captured.replay()
        result: Tensor = captured.output
        return result

    def clear(self) -> bool:
        """Evict all graphs; whether there were any."""
        any_graphs = bool(self._graphs)
        self._graphs.clear()
        return any_graphs

    def _captured(self, launch: Callable[[], ResultT]) -> tuple[torch.cuda.CUDAGraph, ResultT]:
        output: list[ResultT] = []
        graph = self._required_pool().capture(lambda: output.append(launch()))
        return graph, output[0]

    def _kept(self, key: Hashable, captured: CapturedGraph) -> CapturedGraph:
        self._graphs[key] = captured
        while len(self._graphs) > self._most:
            self._graphs.popitem(last=False)
        return captured

    def _rehearse(self, key: Hashable, launch: Callable[[], ResultT]) -> ResultT:
        result = self._required_pool().rehearse(launch)
        self._rehearsed.add(key)  # not if that failed: what never ran cannot be captured
        return result

    def _required_pool(self) -> GraphPool:
        assert self._pool is not None, "nothing is captured elsewhere than on CUDA"
        return self._pool
