"""Where voices' prefixes are kept."""

import pytest
import torch
from torch import Tensor

from engine.chatterbox.t3.kv_cache import PagePool
from engine.chatterbox.t3.prefix import PrefixCache
from engine.weights.sizes import HEAD_DIM, SMALL

SIZES = SMALL.t3
POSITIONS = SIZES.conditioning_positions


def keys_and_values(layers: int = SIZES.layers) -> Tensor:
    return torch.ones(layers, 2, SIZES.heads, POSITIONS, HEAD_DIM)


@pytest.mark.parametrize("failures", [1, 5])
def test_a_voice_that_could_not_be_kept_takes_no_room_from_others(failures: int) -> None:
    """As where memory runs out while its pages are rounded to eight bits."""
    pool = PagePool(SIZES, 8, torch.int8, torch.device("cpu"))
    prefixes = PrefixCache(pool, SIZES, 2)
    for _ in range(failures):
        with pytest.raises(RuntimeError):
            prefixes.acquire("one too large", POSITIONS, lambda: keys_and_values(SIZES.layers + 1))
        assert not pool.storage.any()
        assert not prefixes.storage.any()
    for voice in ("a voice", "another"):
        assert prefixes.has_room_for(voice)
        assert prefixes.acquire(voice, POSITIONS, keys_and_values).positions == POSITIONS


def test_of_a_voice_that_gave_way_to_a_shorter_one_nothing_is_left() -> None:
    pool = PagePool(SIZES, 8, torch.float32, torch.device("cpu"), page=8)
    prefixes = PrefixCache(pool, SIZES, 1)
    prefixes.release(prefixes.acquire("a long voice", POSITIONS, keys_and_values))
    kept = prefixes.acquire("a short one", 10, lambda: keys_and_values()[:, :, :, :10])
    assert len(kept.pages) == 1 < len(kept.kept)
    assert pool.storage[:, :, kept.pages].all()
    assert not pool.storage[:, :, kept.kept[1:]].any()
    assert not prefixes.storage[:, :, :, :, 10:].any()
