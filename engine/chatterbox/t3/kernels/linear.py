"""Matrix times few vectors in Triton: what one utterance's decode step spends its time on.

One program holds some rows of the matrix, whole, in registers and multiplies them with every
vector: the matrix is read once, at the speed of memory, and asked for before the kernel that makes
the vectors has ended. Norm, activation, residual and the joining of attention's parts are done
on the way; a norm's gains are in the matrix already. Everything is summed in fp32.

There are one or two vectors. Whatever is read of both is asked for at once, before the first sum:
what stands behind a sum waits for it, and costs the way to memory once more.
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
    x = tl.load(residual + k)
    second = tl.load(residual + (ROWS - 1) * WIDTH + k)
    y = times(matrix, x) * norm_scale(x, epsilon, WIDTH)
    tl.store(out + n, y.to(out.dtype.element_ty), mask=n < columns)
    if ROWS == 2:
        y = times(matrix, second) * norm_scale(second, epsilon, WIDTH)
        tl.store(out + columns + n, y.to(out.dtype.element_ty), mask=n < columns)


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
    x = tl.load(residual + k)
    second = tl.load(residual + (ROWS - 1) * WIDTH + k)
    scale = norm_scale(x, epsilon, WIDTH)
    gate, up = times(gate_matrix, x) * scale, times(up_matrix, x) * scale
    tl.store(out + n, (gate * tl.sigmoid(gate) * up).to(out.dtype.element_ty))
    if ROWS == 2:
        scale = norm_scale(second, epsilon, WIDTH)
        gate, up = times(gate_matrix, second) * scale, times(up_matrix, second) * scale
        tl.store(out + columns + n, (gate * tl.sigmoid(gate) * up).to(out.dtype.element_ty))


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
    x = tl.load(vectors + k)
    second = tl.load(vectors + (ROWS - 1) * WIDTH + k)
    at = residual + n
    before, before_second = tl.load(at), tl.load(at + (ROWS - 1) * columns)
    tl.store(at, before + times(matrix, x.to(tl.float32)))
    if ROWS == 2:
        tl.store(at + columns, before_second + times(matrix, second.to(tl.float32)))


@triton.jit
def joined_linear_add_kernel(
    partial,
    partial_weight,
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
    HEADS: tl.constexpr = WIDTH // HEAD_DIM
    split = tl.arange(0, SPLITS)[:, None, None]
    head = tl.arange(0, HEADS)[None, :, None]
    of_part = partial + split * WIDTH + head * HEAD_DIM + tl.arange(0, HEAD_DIM)[None, None, :]
    of_weight = partial_weight + split * HEADS + head
    last: tl.constexpr = (ROWS - 1) * MAX_SPLITS
    parts, weights = tl.load(of_part), tl.load(of_weight)
    second_parts, second_weights = (
        tl.load(of_part + last * WIDTH),
        tl.load(of_weight + last * HEADS),
    )
    at = residual + n
    before, before_second = tl.load(at), tl.load(at + (ROWS - 1) * columns)
    tl.store(at, before + times(matrix, joined(parts, weights)))
    if ROWS == 2:
        y = times(matrix, joined(second_parts, second_weights))
        tl.store(at + columns, before_second + y)


@triton.jit
def joined(parts, weights):
    """One row of attention, (heads * width,) fp32, of `parts` (splits, heads, width) of it.

    `weights` (splits, heads, 1) are the logarithms of what each part's softmax summed up to.
    """
    shares = tl.exp(weights - tl.max(weights, axis=0, keep_dims=True))
    x = tl.sum(shares * parts, axis=0) / tl.sum(shares, axis=0)
    return tl.reshape(x, [parts.shape[1] * parts.shape[2]])


@triton.jit
def times(matrix, x):
    return tl.sum(matrix.to(tl.float32) * x[None, :], axis=1)


@triton.jit
def norm_scale(x, epsilon, WIDTH: tl.constexpr):
    """What makes the root of the mean square of x one."""
    return tl.rsqrt(tl.sum(x * x) / WIDTH + epsilon)
