"""Matrix times few vectors in Triton: what one utterance's decode step spends its time on.

One program holds some rows of the matrix, whole, in registers and multiplies them with every
vector: the matrix is read once, at the speed of memory, and asked for before the kernel that makes
the vectors has ended. Norm, activation, residual and the joining of attention's parts are done
on the way; a norm's gains are in the matrix already. Everything is summed in fp32.
"""

import triton
import triton.language as tl


@triton.jit
def norm_linear_kernel(
    residual,
    weight,
    out,
    columns,
    epsilon,
    WIDTH: tl.constexpr,
    ROWS: tl.constexpr,
    BLOCK: tl.constexpr,
    EVEN: tl.constexpr,
    BEHIND: tl.constexpr,
):
    """`out` (ROWS, columns) = rms_norm(`residual` (ROWS, WIDTH)) @ `weight` (columns, WIDTH).T."""
    n = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    k = tl.arange(0, WIDTH)
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
    at = weight + n[:, None] * WIDTH + k[None, :]
    matrix = tl.load(at) if EVEN else tl.load(at, mask=n[:, None] < columns, other=0.0)
    if BEHIND:
        tl.extra.cuda.gdc_wait()
    for row in tl.static_range(ROWS):
        x = tl.load(residual + row * WIDTH + k)
        scale = tl.rsqrt(tl.sum(x * x) / WIDTH + epsilon)
        y = tl.sum(matrix.to(tl.float32) * x[None, :], axis=1) * scale
        tl.store(out + row * columns + n, y.to(out.dtype.element_ty), mask=n < columns)


@triton.jit
def norm_gate_up_kernel(
    residual,
    weight,
    out,
    columns,
    epsilon,
    WIDTH: tl.constexpr,
    ROWS: tl.constexpr,
    BLOCK: tl.constexpr,
    BEHIND: tl.constexpr,
):
    """`out` (ROWS, columns) = silu(gate) * up of the normed residual; `weight` has both stacked."""
    n = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    k = tl.arange(0, WIDTH)
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
    at = weight + n[:, None] * WIDTH + k[None, :]
    gate_matrix = tl.load(at)
    up_matrix = tl.load(at + columns * WIDTH)
    if BEHIND:
        tl.extra.cuda.gdc_wait()
    for row in tl.static_range(ROWS):
        x = tl.load(residual + row * WIDTH + k)
        scale = tl.rsqrt(tl.sum(x * x) / WIDTH + epsilon)
        gate = tl.sum(gate_matrix.to(tl.float32) * x[None, :], axis=1) * scale
        up = tl.sum(up_matrix.to(tl.float32) * x[None, :], axis=1) * scale
        y = gate * tl.sigmoid(gate) * up
        tl.store(out + row * columns + n, y.to(out.dtype.element_ty))


@triton.jit
def linear_add_kernel(
    vectors,
    weight,
    residual,
    columns,
    WIDTH: tl.constexpr,
    ROWS: tl.constexpr,
    BLOCK: tl.constexpr,
    BEHIND: tl.constexpr,
):
    """`residual` (ROWS, columns) += `vectors` (ROWS, WIDTH) @ `weight` (columns, WIDTH).T."""
    n = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    k = tl.arange(0, WIDTH)
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
    matrix = tl.load(weight + n[:, None] * WIDTH + k[None, :])
    if BEHIND:
        tl.extra.cuda.gdc_wait()
    for row in tl.static_range(ROWS):
        x = tl.load(vectors + row * WIDTH + k).to(tl.float32)
        y = tl.sum(matrix.to(tl.float32) * x[None, :], axis=1)
        at = residual + row * columns + n
        tl.store(at, tl.load(at) + y)


@triton.jit
def joined_linear_add_kernel(
    partial,
    partial_maximum,
    partial_sum,
    weight,
    residual,
    columns,
    WIDTH: tl.constexpr,
    HEAD_DIM: tl.constexpr,
    SPLITS: tl.constexpr,
    MAX_SPLITS: tl.constexpr,
    ROWS: tl.constexpr,
    BLOCK: tl.constexpr,
    BEHIND: tl.constexpr,
):
    """`linear_add_kernel` on attention that was computed over SPLITS parts of the context."""
    n = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    k = tl.arange(0, WIDTH)
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
    matrix = tl.load(weight + n[:, None] * WIDTH + k[None, :])
    if BEHIND:
        tl.extra.cuda.gdc_wait()
    for row in tl.static_range(ROWS):
        x = joined(partial, partial_maximum, partial_sum, row, WIDTH, HEAD_DIM, SPLITS, MAX_SPLITS)
        y = tl.sum(matrix.to(tl.float32) * x[None, :], axis=1)
        at = residual + row * columns + n
        tl.store(at, tl.load(at) + y)


@triton.jit
def joined(
    partial,
    partial_maximum,
    partial_sum,
    row,
    WIDTH: tl.constexpr,
    HEAD_DIM: tl.constexpr,
    SPLITS: tl.constexpr,
    MAX_SPLITS: tl.constexpr,
):
    """One row of attention, (WIDTH,) fp32, from what its parts' softmaxes came to."""
    HEADS: tl.constexpr = WIDTH // HEAD_DIM
    k = tl.arange(0, WIDTH)
    at = row * MAX_SPLITS * HEADS + k // HEAD_DIM
    highest = tl.load(partial_maximum + at)
    for split in tl.static_range(1, SPLITS):
        highest = tl.maximum(highest, tl.load(partial_maximum + at + split * HEADS))
    x = tl.zeros([WIDTH], dtype=tl.float32)
    total = tl.zeros([WIDTH], dtype=tl.float32)
    for split in tl.static_range(SPLITS):
        share = tl.exp(tl.load(partial_maximum + at + split * HEADS) - highest)
        x += share * tl.load(partial + (row * MAX_SPLITS + split) * WIDTH + k)
        total += share * tl.load(partial_sum + at + split * HEADS)
    return x / tl.where(total > 0, total, 1.0)
