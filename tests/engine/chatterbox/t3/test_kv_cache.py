"""What is left of a row in pages that it has given back."""

import pytest
import torch

from engine.chatterbox.t3.kv_cache import SINK_PAGE, PagePool
from engine.weights.sizes import SMALL


@pytest.fixture(params=[torch.float32, torch.int8])
def pool(request: pytest.FixtureRequest) -> PagePool:
    return PagePool(SMALL.t3, 6, request.param, torch.device("cpu"))


def written(pool: PagePool) -> set[int]:
    """The pages that have anything in them."""
    return {page for page in range(7) if pool.storage[:, :, page].any()}


def taken_and_written(pool: PagePool, count: int) -> list[int]:
    pages = pool.take(count)
    pool.storage[:, :, pages] = 1
    return pages


def test_what_rows_have_given_back_is_gone_once_it_is_to_be_forgotten(pool: PagePool) -> None:
    pool.storage[:, :, SINK_PAGE] = 1
    gone, speaking = taken_and_written(pool, 2), taken_and_written(pool, 2)
    pool.give_back(gone)
    assert written(pool) == {SINK_PAGE, *gone, *speaking}
    pool.forget()
    assert written(pool) == set(speaking)


def test_what_still_speaks_then_leaves_nothing_when_it_ends(pool: PagePool) -> None:
    """Behind what is written of a page there may be what the row before it has left."""
    speaking = taken_and_written(pool, 3)
    pool.forget()
    pool.give_back(speaking[:1])
    assert written(pool) == set(speaking[1:])
    pool.give_back(speaking[1:])
    assert written(pool) == set()


def test_pages_are_cleared_for_nobody_who_came_afterwards(pool: PagePool) -> None:
    pool.forget()
    later = taken_and_written(pool, 2)
    pool.give_back(later)
    assert written(pool) == set(later)
