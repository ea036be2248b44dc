"""Attention of one new position per row to its pages, in Triton.

One program takes one head of one row, or of a part of its context where few rows have to fill
the device. It reads only positions that are used, and starts on earlier ones before the kernel
that makes the new position's query, key and value has ended.
"""

import triton
import triton.language as tl


@triton.jit
def attend_kernel(
    qkv,
    keys,
    values,
    cosines,
    sines,
    positions,
    tables,
    out,
    partial,
    partial_weight,
    table_width,
    scale,
    HEADS: tl.constexpr,
    HEAD_DIM: tl.constexpr,
    PAGE: tl.constexpr,
    SPLITS: tl.constexpr,
    MAX_SPLITS: tl.constexpr,
    BLOCK: tl.constexpr,
    BEHIND: tl.constexpr,
):
    """Rotate, store and attend; `out` (rows, hidden) if SPLITS is 1, else the partial tensors."""
    head, row, split = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    HALF: tl.constexpr = HEAD_DIM // 2
    WIDTH: tl.constexpr = HEADS * HEAD_DIM
    NOTHING: tl.constexpr = -1.0e30  # a finite "minus infinity": differences of two stay numbers
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
    position = tl.load(positions + row)
    alive = position >= 0
    position = tl.maximum(position, 0)
    before = position  # of positions that were stored earlier
    share = tl.cdiv(before, SPLITS)
    first = split * share
    end = tl.minimum(first + share, before)

    d = tl.arange(0, HEAD_DIM)
    p = tl.arange(0, BLOCK)
    table = tables + row * table_width
    page_size: tl.constexpr = HEADS * PAGE * HEAD_DIM

    at = first + p
    inside = at < end
    page = tl.load(table + at // PAGE, mask=inside, other=0).to(tl.int64)
    offset = page * page_size + head * PAGE * HEAD_DIM + (at % PAGE) * HEAD_DIM
    k = tl.load(keys + offset[:, None] + d[None, :], mask=inside[:, None], other=0.0)
    v = tl.load(values + offset[:, None] + d[None, :], mask=inside[:, None], other=0.0)
    cosine = tl.load(cosines + position * HEAD_DIM + d)
    sine = tl.load(sines + position * HEAD_DIM + d)
    own_page = tl.load(table + position // PAGE).to(tl.int64)

    if BEHIND:
        tl.extra.cuda.gdc_wait()

    of_head = qkv + row * 3 * WIDTH + head * HEAD_DIM
    opposite = (d + HALF) % HEAD_DIM
    sine = tl.where(d < HALF, -sine, sine)
    query = tl.load(of_head + d).to(tl.float32) * cosine
    query += tl.load(of_head + opposite).to(tl.float32) * sine
    query *= scale
    # Needed by the last part alone, but asked for now it does not have to be waited for then.
    key = tl.load(of_head + WIDTH + d).to(tl.float32) * cosine
    key += tl.load(of_head + WIDTH + opposite).to(tl.float32) * sine
    key = key.to(keys.dtype.element_ty)
    value = tl.load(of_head + 2 * WIDTH + d).to(values.dtype.element_ty)

    scores = tl.sum(k.to(tl.float32) * query[None, :], axis=1)
    scores = tl.where(inside, scores, NOTHING)
    highest = tl.max(scores, axis=0)
    weights = tl.where(inside, tl.exp(scores - highest), 0.0)
    total = tl.sum(weights, axis=0)
    mixed = tl.sum(weights[:, None] * v.to(tl.float32), axis=0)

    for start in range(first + BLOCK, end, BLOCK):
        at = start + p
        inside = at < end
        page = tl.load(table + at // PAGE, mask=inside, other=0).to(tl.int64)
        offset = page * page_size + head * PAGE * HEAD_DIM + (at % PAGE) * HEAD_DIM
        k = tl.load(keys + offset[:, None] + d[None, :], mask=inside[:, None], other=0.0)
        v = tl.load(values + offset[:, None] + d[None, :], mask=inside[:, None], other=0.0)
        scores = tl.sum(k.to(tl.float32) * query[None, :], axis=1)
        scores = tl.where(inside, scores, NOTHING)
        higher = tl.maximum(highest, tl.max(scores, axis=0))
        weights = tl.where(inside, tl.exp(scores - higher), 0.0)
        kept = tl.exp(highest - higher)
        total = total * kept + tl.sum(weights, axis=0)
        mixed = mixed * kept + tl.sum(weights[:, None] * v.to(tl.float32), axis=0)
        highest = higher

    if split == SPLITS - 1:
        # The new position's own key and value: stored, and attended to as they are stored.
        own = own_page * page_size + head * PAGE * HEAD_DIM + (position % PAGE) * HEAD_DIM
        tl.store(keys + own + d, key, mask=alive)
        tl.store(values + own + d, value, mask=alive)
        score = tl.sum(query * key.to(tl.float32), axis=0)
        higher = tl.maximum(highest, score)
        weight = tl.exp(score - higher)
        kept = tl.exp(highest - higher)
        total = total * kept + weight
        mixed = mixed * kept + weight * value.to(tl.float32)
        highest = higher

    if SPLITS == 1:
        at_row = row * WIDTH + head * HEAD_DIM + d
        tl.store(out + at_row, (mixed / total).to(out.dtype.element_ty))
    else:
        part = row * MAX_SPLITS + split
        total = tl.maximum(total, 1.0e-30)  # a part without positions
        tl.store(partial + part * WIDTH + head * HEAD_DIM + d, mixed / total)
        tl.store(partial_weight + part * HEADS + head, highest + tl.log(total))
