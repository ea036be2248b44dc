"""What S3Gen's Triton kernels do with one block each; `fused` launches them.

Rows are (batch, time, channels), contiguous. Sums, norms and softmax are fp32; what is stored is
rounded to the result's own dtype. `BEHIND` is explained in `engine.chatterbox.cuda.launch`.
"""

# Triton is untyped and takes no annotations but its own.
# mypy: disable-error-code="untyped-decorator, no-untyped-def, no-untyped-call"

import triton
import triton.language as tl


@triton.jit
def norm_kernel(
    stream,
    ahead,
    normed,
    count,
    epsilon,
    width: tl.constexpr,
    block_rows: tl.constexpr,
    BEHIND: tl.constexpr,
):
    """`normed` (count, width) becomes the normalised rows of `stream - ahead`."""
    row = tl.program_id(0) * block_rows + tl.arange(0, block_rows)
    column = tl.arange(0, width)
    inside = (row < count)[:, None]
    place = row[:, None] * width + column
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
    excess = tl.load(ahead + column)[None, :]
    if BEHIND:
        tl.extra.cuda.gdc_wait()
    x = tl.load(stream + place, mask=inside, other=0) - excess
    x -= tl.sum(x, 1)[:, None] / width
    variance = tl.sum(x * x, 1) / width
    x *= (1 / tl.sqrt(variance + epsilon))[:, None]
    tl.store(normed + place, x.to(normed.dtype.element_ty), mask=inside)


@triton.jit
def product_kernel(
    rows,
    weight,
    bias,
    result,
    count,
    inputs: tl.constexpr,
    outputs: tl.constexpr,
    gelu: tl.constexpr,
    block_rows: tl.constexpr,
    block_columns: tl.constexpr,
    block_depth: tl.constexpr,
    BEHIND: tl.constexpr,
):
    """`result` (count, outputs) = `rows` (count, inputs) @ `weight`.T + `bias`, or GELU of it."""
    row = tl.program_id(0) * block_rows + tl.arange(0, block_rows)
    column = tl.program_id(1) * block_columns + tl.arange(0, block_columns)
    inside = (row < count)[:, None]
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
    added = tl.load(bias + column).to(tl.float32)[None, :]
    if BEHIND:
        tl.extra.cuda.gdc_wait()
    x = tl.zeros((block_rows, block_columns), tl.float32)
    for start in range(0, inputs, block_depth):
        depth = start + tl.arange(0, block_depth)
        left = tl.load(rows + row[:, None] * inputs + depth[None, :], mask=inside, other=0)
        x += tl.dot(left, tl.load(weight + column[None, :] * inputs + depth[:, None]))
    x += added
    if gelu:
        x = 0.5 * x * (1 + tl.erf(x * 0.7071067811865476))
    place = result + row[:, None] * outputs + column[None, :]
    tl.store(place, x.to(result.dtype.element_ty), mask=inside)


@triton.jit
def windowed_product(
    rows,
    weight,
    row,
    column,
    time,
    channels: tl.constexpr,
    outputs: tl.constexpr,
    taps: tl.constexpr,
    block_rows: tl.constexpr,
    block_columns: tl.constexpr,
    block_depth: tl.constexpr,
):
    """Rows and those before them times the columns of `weight`, whose rows hold all taps."""
    product = tl.zeros((block_rows, block_columns), tl.float32)
    for start in range(0, taps * channels, block_depth):
        depth = start + tl.arange(0, block_depth)
        source = row + start // channels - (taps - 1)
        inside = ((source >= 0) & (source < time))[:, None]
        place = rows + source[:, None] * channels + (start % channels + tl.arange(0, block_depth))
        x = tl.load(place, mask=inside, other=0).to(weight.dtype.element_ty)
        known = (column < outputs)[None, :]
        place = weight + column[None, :] * (taps * channels) + depth[:, None]
        product += tl.dot(x, tl.load(place, mask=known, other=0))
    return product


@triton.jit
def linear_kernel(
    rows,
    weight,
    bias,
    result,
    time,
    channels: tl.constexpr,
    outputs: tl.constexpr,
    taps: tl.constexpr,
    block_rows: tl.constexpr,
    block_columns: tl.constexpr,
    block_depth: tl.constexpr,
    BEHIND: tl.constexpr,
):
    """`result` becomes the rows' windows times the transposed weight, plus bias."""
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
        tl.extra.cuda.gdc_wait()
    item = tl.program_id(2)
    row = tl.program_id(0) * block_rows + tl.arange(0, block_rows)
    column = tl.program_id(1) * block_columns + tl.arange(0, block_columns)
    product = windowed_product(
        rows + item * time * channels,
        weight,
        row,
        column,
        time,
        channels,
        outputs,
        taps,
        block_rows,
        block_columns,
        block_depth,
    )
    product += tl.load(bias + column, mask=column < outputs, other=0)[None, :]
    inside = (row < time)[:, None] & (column < outputs)[None, :]
    place = result + (item * time + row[:, None]) * outputs + column
    tl.store(place, product, mask=inside)


@triton.jit
def normed_conv_kernel(
    rows,
    weight,
    bias,
    gain,
    norm_bias,
    shift,
    result,
    time,
    epsilon,
    channels: tl.constexpr,
    outputs: tl.constexpr,
    taps: tl.constexpr,
    shifted: tl.constexpr,
    add: tl.constexpr,
    block_rows: tl.constexpr,
    block_depth: tl.constexpr,
    BEHIND: tl.constexpr,
):
    """A convolution of whole rows of channels, so that their norm and Mish follow at once."""
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
        tl.extra.cuda.gdc_wait()
    item = tl.program_id(1)
    row = tl.program_id(0) * block_rows + tl.arange(0, block_rows)
    column = tl.arange(0, outputs)
    x = windowed_product(
        rows + item * time * channels,
        weight,
        row,
        column,
        time,
        channels,
        outputs,
        taps,
        block_rows,
        outputs,
        block_depth,
    )
    x += tl.load(bias + column)[None, :]
    x -= tl.sum(x, 1)[:, None] / outputs
    variance = tl.sum(x * x, 1) / outputs
    x *= (1 / tl.sqrt(variance + epsilon))[:, None]
    x = x * tl.load(gain + column)[None, :] + tl.load(norm_bias + column)[None, :]
    # Mish is x tanh(log(1 + e^x)); with e = e^x its tanh is (e^2 + 2e) / (e^2 + 2e + 2).
    e = tl.exp(tl.minimum(x, 20.0))
    x = x * (e * (e + 2)) / (e * (e + 2) + 2)
    if shifted:
        x += tl.load(shift + column)[None, :]
    inside = (row < time)[:, None]
    place = result + (item * time + row[:, None]) * outputs + column
    if add:
        x += tl.load(place, mask=inside, other=0)
    tl.store(place, x.to(result.dtype.element_ty), mask=inside)


@triton.jit
def attend_kernel(
    qkv,
    lengths,
    result,
    time,
    scale,
    heads: tl.constexpr,
    head_width: tl.constexpr,
    block_rows: tl.constexpr,
    block_columns: tl.constexpr,
    BEHIND: tl.constexpr,
):
    """Attention in one pass over the keys, with a running maximum (Milakov and Gimelshein 2018)."""
    item, head = tl.program_id(1) // heads, tl.program_id(1) % heads
    first = tl.program_id(0) * block_rows
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
    length = tl.load(lengths + item).to(tl.int32)
    if BEHIND:
        tl.extra.cuda.gdc_wait()
    row = first + tl.arange(0, block_rows)
    width = tl.arange(0, head_width)
    stride: tl.constexpr = 3 * heads * head_width
    base = qkv + item * time * stride + head * head_width
    inside = (row < time)[:, None]
    query = tl.load(base + row[:, None] * stride + width, mask=inside, other=0)
    column = tl.arange(0, block_columns)
    keys = base + heads * head_width + column[None, :] * stride + width[:, None]
    values = base + 2 * heads * head_width + column[:, None] * stride + width[None, :]
    highest = tl.full((block_rows,), float("-inf"), tl.float32)
    total = tl.zeros((block_rows,), tl.float32)
    attended = tl.zeros((block_rows, head_width), tl.float32)
    # A block that begins past the item's end attends to nothing and comes out zero.
    end = tl.where(first < length, length, 0)
    whole = end // block_columns * block_columns  # up to there no key has to be left out
    for start in range(0, whole, block_columns):
        scores = tl.dot(query, tl.load(keys + start * stride))
        value = tl.load(values + start * stride)
        highest, total, attended = attend_to(scores, value, highest, total, attended, scale)
    if whole < end:
        used = whole + column < length
        key = tl.load(keys + whole * stride, mask=used[None, :], other=0)
        value = tl.load(values + whole * stride, mask=used[:, None], other=0)
        scores = tl.where(used[None, :], tl.dot(query, key), float("-inf"))
        highest, total, attended = attend_to(scores, value, highest, total, attended, scale)
    attended = attended / tl.maximum(total, 1e-30)[:, None]
    place = result + (item * time + row[:, None]) * (heads * head_width) + head * head_width + width
    tl.store(place, attended.to(result.dtype.element_ty), mask=inside)


@triton.jit
def attend_to(scores, value, highest, total, attended, scale):
    """Take one more block of keys and values into the running softmax, of powers of 2."""
    raised = tl.maximum(highest, tl.max(scores, 1))
    share = tl.exp2(scores * scale - (raised * scale)[:, None])
    kept = tl.exp2((highest - raised) * scale)
    total = total * kept + tl.sum(share, 1)
    attended = tl.dot(share.to(value.dtype), value, attended * kept[:, None])
    return raised, total, attended


@triton.jit
def snake_kernel(
    signal,
    added,
    alpha,
    lengths,
    total,
    bent,
    time,
    size,
    channels: tl.constexpr,
    add: tl.constexpr,
    block: tl.constexpr,
):
    """Snake of `signal`, or of its sum with `added`, which is stored too; zero past the length."""
    index = tl.program_id(0) * block + tl.arange(0, block)
    inside = index < size
    sample = index // channels
    length = tl.load(lengths + sample // time, mask=inside, other=0)
    x = tl.load(signal + index, mask=inside, other=0)
    if add:
        x += tl.load(added + index, mask=inside, other=0)
        tl.store(total + index, x, mask=inside)
    scale = tl.load(alpha + index % channels, mask=inside, other=1)
    sine = tl.sin(x * scale)
    curved = tl.where(sample % time < length, x + sine * sine / (scale + 1e-9), 0.0)
    tl.store(bent + index, curved, mask=inside)
