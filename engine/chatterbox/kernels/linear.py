"""Matrix times few vectors in Triton: what one utterance's decode step spends its time on.

One program holds some rows of the matrix, whole, in registers and multiplies them with every
vector: the matrix is read once, at the speed of memory, and asked for before the kernel that makes
the vectors has ended. Norm, activation, residual and the joining of attention's parts are done
on the way. Everything is summed in fp32.
"""

import triton
import triton.language as tl


@triton.jit
def norm_linear_kernel(  # noqa: ANN201 - Triton gives these arguments and results their meaning
    residual,
    gain,
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
    gains = tl.load(gain + k)
    if BEHIND:
        tl.extra.cuda.gdc_wait()
    for row in tl.static_range(ROWS):
        x = tl.load(residual + row * WIDTH + k)
        scale = tl.rsqrt(tl.sum(x * x) / WIDTH + epsilon)
        x = x * gains
        y = tl.sum(matrix.to(tl.float32) * x[None, :], axis=1) * scale
        tl.store(out + row * columns + n, y.to(out.dtype.element_ty), mask=n < columns)


@triton.jit
def norm_gate_up_kernel(  # noqa: ANN201
    residual,
    gain,
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
    gains = tl.load(gain + k)
    if BEHIND:
        tl.extra.cuda.gdc_wait()
    for row in tl.static_range(ROWS):
        x = tl.load(residual + row * WIDTH + k)
        scale = tl.rsqrt(tl.sum(x * x) / WIDTH + epsilon)
        x = x * gains
        gate = tl.sum(gate_matrix.to(tl.float32) * x[None, :], axis=1) * scale
        up = tl.sum(up_matrix.to(tl.float32) * x[None, :], axis=1) * scale
        y = gate * tl.sigmoid(gate) * up
        tl.store(out + row * columns + n, y.to(out.dtype.element_ty))


@triton.jit
def linear_add_kernel(  # noqa: ANN201
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
def joined_linear_add_kernel(  # noqa: ANN201
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
    HEADS: tl.constexpr = WIDTH // HEAD_DIM
    n = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    k = tl.arange(0, WIDTH)
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
    matrix = tl.load(weight + n[:, None] * WIDTH + k[None, :])
    if BEHIND:
        tl.extra.cuda.gdc_wait()
    for row in tl.static_range(ROWS):
        at_head = row * MAX_SPLITS * HEADS + k // HEAD_DIM
        highest = tl.load(partial_maximum + at_head)
        for split in tl.static_range(1, SPLITS):
            highest = tl.maximum(highest, tl.load(partial_maximum + at_head + split * HEADS))
        x = tl.zeros([WIDTH], dtype=tl.float32)
        total = tl.zeros([WIDTH], dtype=tl.float32)
        for split in tl.static_range(SPLITS):
            share = tl.exp(tl.load(partial_maximum + at_head + split * HEADS) - highest)
            x += share * tl.load(partial + (row * MAX_SPLITS + split) * WIDTH + k)
            total += share * tl.load(partial_sum + at_head + split * HEADS)
        x = x / tl.where(total > 0, total, 1.0)
        y = tl.sum(matrix.to(tl.float32) * x[None, :], axis=1)
        at = residual + row * columns + n
        tl.store(at, tl.load(at) + y)


@triton.jit
def rms_norm_kernel(  # noqa: ANN201
    residual, gain, out, epsilon, WIDTH: tl.constexpr, BEHIND: tl.constexpr
):
    """`out` = rms_norm(`residual`), one program a row: for many rows, before a library's GEMM."""
    k = tl.arange(0, WIDTH)
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
    gains = tl.load(gain + k)
    if BEHIND:
        tl.extra.cuda.gdc_wait()
    at = tl.program_id(0) * WIDTH + k
    x = tl.load(residual + at)
    y = x * tl.rsqrt(tl.sum(x * x) / WIDTH + epsilon) * gains
    tl.store(out + at, y.to(out.dtype.element_ty))


@triton.jit
def gated_kernel(gate_up, out, WIDTH: tl.constexpr, BLOCK: tl.constexpr, BEHIND: tl.constexpr):  # noqa: ANN201
    """`out` (rows, WIDTH) = silu(gate) * up of `gate_up` (rows, 2 * WIDTH)."""
    row = tl.program_id(0)
    n = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
        tl.extra.cuda.gdc_wait()
    gate = tl.load(gate_up + row * 2 * WIDTH + n).to(tl.float32)
    up = tl.load(gate_up + row * 2 * WIDTH + WIDTH + n).to(tl.float32)
    y = gate * tl.sigmoid(gate) * up
    tl.store(out + row * WIDTH + n, y.to(out.dtype.element_ty))
