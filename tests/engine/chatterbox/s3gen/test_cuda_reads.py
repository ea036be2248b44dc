"""Shared memory is not written to while somebody still reads it.

As in `test_signals`, it is the sources that are read: a warp is seldom so late that it shows.
"""

import re
from importlib.resources import files

KERNELS = files("engine.chatterbox.s3gen.kernels")
FOUR_MEET = re.compile(r"bar\.sync|meet\(\);|__syncthreads\(\);")


def source(name: str) -> str:
    return KERNELS.joinpath(name).read_text(encoding="utf-8")


def test_all_four_warps_have_multiplied_their_queries_before_rows_come_in_their_place() -> None:
    """A product is of four warps, and what one of them waits for are its own."""
    before = [
        text.rpartition("attend<SLOTS>(")[2]
        for text in source("attention_blocks.cu").split("put(all, queries")[:-1]
    ]
    assert len(before) == 2
    assert all(FOUR_MEET.search(text) for text in before)


def test_all_lanes_have_read_what_lies_beside_a_slot_before_one_leaves_it() -> None:
    """What products read is over for a whole warp at once; what lanes load is not."""
    behind = source("grow_many.cu").rpartition("shift(far")[2]
    assert "__syncwarp();" in behind.partition("ring.leave(")[0]
