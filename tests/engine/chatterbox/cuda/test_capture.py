"""Which graphs are kept and which are captured anew. The pool here only counts: there is no GPU."""

import gc
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.chatterbox.cuda.capture import GraphCache, GraphPool
from engine.chatterbox.cuda.memory import SpareMemory
from engine.chatterbox.cuda.packed import Packed

CPU = torch.device("cpu")


class CountingPool:
    def __init__(self) -> None:
        self.rehearsed = self.captured = 0
        self.fails = False

    def rehearse(self, launch: Callable[[], Any]) -> Any:
        if self.fails:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.rehearsed += 1
        return launch()

    def capture(self, launch: Callable[[], None]) -> SimpleNamespace:
        if self.fails:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.captured += 1
        launch()
        return SimpleNamespace(replay=launch)

    @property
    def counts(self) -> tuple[int, int]:
        return self.rehearsed, self.captured


class Summands(NamedTuple):
    one: Tensor
    other: Tensor


@pytest.fixture
def pool() -> CountingPool:
    return CountingPool()


@pytest.fixture
def cache(pool: CountingPool) -> GraphCache:
    return GraphCache(pool, most=3)


def add(cache: GraphCache, width: int) -> list[float]:
    total = torch.zeros(width)

    def added(given: Summands) -> Tensor:
        return torch.add(given.one, given.other, out=total)

    return cache.call("add", added, Summands(torch.ones(width), torch.ones(width))).tolist()


def capture(cache: GraphCache, *keys: str) -> None:
    for key in keys:
        cache.capture(key, lambda: None)


def test_the_first_call_for_a_shape_runs_and_the_second_one_captures(
    cache: GraphCache, pool: CountingPool
) -> None:
    counts = []
    for width in (2, 2, 2, 5):
        assert add(cache, width) == [2.0] * width
        counts.append(pool.counts)
    assert counts == [(1, 0), (1, 1), (1, 1), (2, 1)]


def test_what_was_least_recently_used_is_evicted_and_captured_anew(
    cache: GraphCache, pool: CountingPool
) -> None:
    capture(cache, "a", "b", "c")
    assert cache.find("a") is not None
    capture(cache, "d")
    assert [cache.find(key) is not None for key in "abcd"] == [True, False, True, True]
    assert len(cache) == 3
    capture(cache, "b")
    assert pool.counts == (5, 5)  # "b" was rehearsed again, too
    assert cache.find("a") is None


def test_functions_of_a_cache_share_its_bound(cache: GraphCache) -> None:
    capture(cache, "a", "b", "c")
    for _ in range(2):
        add(cache, 7)
    assert cache.find("a") is None
    assert len(cache) == 3


@pytest.mark.parametrize("rehearsed", [False, True])
def test_what_failed_in_rehearsal_or_capture_is_rehearsed_first(
    cache: GraphCache, pool: CountingPool, rehearsed: bool
) -> None:
    if rehearsed:
        add(cache, 2)
    pool.fails = True
    with pytest.raises(torch.OutOfMemoryError):
        add(cache, 2)
    pool.fails = False
    before = pool.rehearsed
    assert add(cache, 2) == [2.0, 2.0]
    assert (pool.rehearsed, pool.captured, len(cache)) == (before + 1, 0, 0)


def test_nothing_that_a_graph_was_given_is_left_once_it_is_forgotten(cache: GraphCache) -> None:
    for _ in range(2):
        add(cache, 2)
    room = SimpleNamespace(forget=Mock())
    cache.capture("room", lambda: None, room)
    cache.capture("what others keep", lambda: None)
    cache.forget()
    captured = cache.find(("add", torch.Size([2]), torch.Size([2])))
    assert captured is not None
    assert not any(tensor.any() for tensor in captured.inputs)
    room.forget.assert_called_once_with()
    assert add(cache, 2) == [2.0, 2.0]


def add_in_two(cache: GraphCache) -> list[float]:
    between, total, one = torch.zeros(2), torch.zeros(2), torch.ones(2)
    room = cache.room("two", lambda: SimpleNamespace(one=one, forget=one.zero_))
    first = lambda room: torch.add(room.one, 1, out=between)  # noqa: E731
    return cache.run_in_two(
        "two", first, lambda room, more: torch.add(more, room.one, out=total), room
    ).tolist()


def test_what_runs_in_two_graphs_is_rehearsed_whole_and_kept_as_one(
    cache: GraphCache, pool: CountingPool
) -> None:
    counts = []
    for _ in range(3):
        assert add_in_two(cache) == [3.0, 3.0]
        counts.append(pool.counts)
    assert counts == [(1, 0), (1, 2), (1, 2)]
    kept = cache.find("two")
    assert kept is not None
    assert isinstance(kept.between, Tensor)
    assert kept.between.tolist() == [2.0, 2.0]
    cache.forget()
    assert not kept.between.any()
    assert add_in_two(cache) == [1.0, 1.0]  # the room and both graphs are those that are kept
    assert len(cache) == 1
    cache.clear()
    pool.fails = True
    with pytest.raises(torch.OutOfMemoryError):
        add_in_two(cache)
    pool.fails = False
    assert add_in_two(cache) == add_in_two(GraphCache(None)) == [3.0, 3.0]
    assert pool.counts == (2, 2)


def test_without_a_pool_functions_are_simply_called() -> None:
    cache = GraphCache(None)
    assert not cache.captures
    assert add(cache, 3) == add(cache, 3) == [2.0] * 3
    assert len(cache) == 0


def test_memory_of_graphs_is_given_back_last_and_they_are_captured_anew(cache: GraphCache) -> None:
    held = [True]
    spare = SpareMemory(CPU, [lambda: bool(held) and held.pop()], [cache, GraphCache(None)])
    capture(cache, "a", "b")
    assert spare.release_unused()
    assert len(cache) == 2
    assert not spare.release_unused()
    assert spare.evict_graphs()
    assert len(cache) == 0
    assert not spare.evict_graphs()
    capture(cache, "a")
    assert cache.find("a") is not None


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_what_graphs_and_copies_were_given_is_gone_from_the_device_and_the_host() -> None:
    device = torch.device("cuda")
    cache = GraphCache(GraphPool())
    with torch.inference_mode():
        ones = torch.ones(4, device=device)
        packed = Packed([np.zeros(4, np.float32)], device)
        for _ in range(2):
            (sent,) = packed.begin()
            sent[:] = 1
            packed.send()
            cache.call("add", lambda given: given.one + given.other, Summands(ones, ones))
            cache.run("room", lambda room: room.tensors[0] + 1, packed)
    cache.forget()
    torch.cuda.synchronize()
    assert not packed.tensors[0].any()
    assert not sent.any()
    captured = cache.find(("add", ones.shape, ones.shape))
    assert captured is not None
    assert not any(tensor.any() for tensor in captured.inputs)
    assert len(cache) == 2


@pytest.fixture
def eager_collector() -> Iterator[None]:
    """Whatever is made may set the collector of garbage going."""
    before = gc.get_threshold()
    gc.set_threshold(1, 1, 1)
    yield
    gc.set_threshold(*before)


def drop_a_pool() -> None:
    """Leave one to the collector, as a model does that is let go of."""
    pool = GraphPool()
    pool.rehearse(lambda: torch.ones(3, device="cuda"))
    kept: list[object] = [pool]
    kept.append(kept)


@pytest.mark.gpu
@pytest.mark.usefixtures("eager_collector")
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_pool_that_nobody_has_any_more_does_not_go_in_the_middle_of_a_capture() -> None:
    cache = GraphCache(GraphPool())
    ones = torch.ones(4, device="cuda")

    def added(given: Summands) -> Tensor:
        made = [[index] for index in range(1000)]
        return given.one + given.other + len(made)

    for call in range(6):
        drop_a_pool()
        assert cache.call("add", added, Summands(ones, ones)).tolist() == [1002.0] * 4
        if call == 2:
            cache.clear()
    assert len(cache) == 1
