"""Matrix times several vectors in Triton, on tensor cores; and what surrounds a library's GEMM.

One program holds a block of the matrix's rows, or of a part of their length, and asks for it before
the kernel that makes the vectors has ended. Its warps share the length between them, since with so
few rows and vectors there is nothing else to share. Sums over parts are left to the next norm.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from engine.chatterbox.t3.buffers import MAX_PARTS
from engine.chatterbox.t3.kernels.linear import joined
from engine.chatterbox.t3.kernels.reference import RMS_EPSILON


@triton.jit
def multiply_kernel(
    vectors,
    weight,
    out,
    rows,
    columns,
    out_stride,
    WIDTH: tl.constexpr,
    ROWS: tl.constexpr,
    BLOCK: tl.constexpr,
    SHARES: tl.constexpr,
    PARTS: tl.constexpr,
    EVEN: tl.constexpr,
    BEHIND: tl.constexpr,
):
    """`out`[row, part] = the part's share of `vectors` (rows, WIDTH) @ `weight` (columns, WIDTH).T.

    Row, part and column of `out` are `out_stride`, `columns` and one apart.
    """
    LENGTH: tl.constexpr = WIDTH // PARTS // SHARES
    part = tl.program_id(1)
    n = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    r = tl.arange(0, ROWS)
    k = tl.arange(0, LENGTH)
    first = part * (WIDTH // PARTS) + tl.arange(0, SHARES)[:, None, None] * LENGTH
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
    at = weight + n[None, :, None] * WIDTH + first + k[None, None, :]
    matrix = tl.load(at) if EVEN else tl.load(at, mask=n[None, :, None] < columns, other=0.0)
    if BEHIND:
        tl.extra.cuda.gdc_wait()
    at = vectors + r[None, None, :] * WIDTH + first + k[None, :, None]
    x = tl.load(at, mask=r[None, None, :] < rows, other=0.0)
    y = tl.sum(tl.dot(matrix, x), axis=0)
    at = out + r[None, :] * out_stride + part * columns + n[:, None]
    tl.store(at, y.to(out.dtype.element_ty), mask=(r[None, :] < rows) & (n[:, None] < columns))


@triton.jit
def multiply_gated_kernel(
    vectors,
    weight,
    out,
    rows,
    columns,
    WIDTH: tl.constexpr,
    ROWS: tl.constexpr,
    HALF: tl.constexpr,
    SHARES: tl.constexpr,
    BEHIND: tl.constexpr,
):
    """`out` (rows, columns) = silu(gate) * up; `weight` (2 * columns, WIDTH) has both, stacked."""
    LENGTH: tl.constexpr = WIDTH // SHARES
    i = tl.arange(0, 2 * HALF)
    n = tl.program_id(0) * HALF + i % HALF + (i // HALF) * columns
    r = tl.arange(0, ROWS)
    k = tl.arange(0, LENGTH)
    first = tl.arange(0, SHARES)[:, None, None] * LENGTH
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
    matrix = tl.load(weight + n[None, :, None] * WIDTH + first + k[None, None, :])
    if BEHIND:
        tl.extra.cuda.gdc_wait()
    at = vectors + r[None, None, :] * WIDTH + first + k[None, :, None]
    x = tl.load(at, mask=r[None, None, :] < rows, other=0.0)
    y = tl.sum(tl.dot(matrix, x), axis=0)
    gate, up = tl.split(tl.permute(tl.reshape(y, [2, HALF, ROWS]), [1, 2, 0]))
    y = gate * tl.sigmoid(gate) * up
    column = tl.program_id(0) * HALF + tl.arange(0, HALF)
    at = out + r[None, :] * columns + column[:, None]
    tl.store(at, y.to(out.dtype.element_ty), mask=r[None, :] < rows)


@triton.jit
def norm_kernel(
    residual,
    pending,
    out,
    epsilon,
    WIDTH: tl.constexpr,
    PENDING: tl.constexpr,
    PARTS: tl.constexpr,
    BEHIND: tl.constexpr,
):
    """Add the first PENDING of a row's PARTS pending sums to `residual`; `out` = its norm."""
    k = tl.arange(0, WIDTH)
    row = tl.program_id(0)
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
        tl.extra.cuda.gdc_wait()
    at = row * WIDTH + k
    x = tl.load(residual + at)
    for part in tl.static_range(PENDING):
        x += tl.load(pending + (row * PARTS + part) * WIDTH + k)
    if PENDING > 0:
        tl.store(residual + at, x)
    y = x * tl.rsqrt(tl.sum(x * x) / WIDTH + epsilon)
    tl.store(out + at, y.to(out.dtype.element_ty))


@triton.jit
def gated_kernel(gate_up, out, WIDTH: tl.constexpr, BLOCK: tl.constexpr, BEHIND: tl.constexpr):
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


@triton.jit
def join_kernel(
    partial,
    partial_weight,
    out,
    WIDTH: tl.constexpr,
    HEAD_DIM: tl.constexpr,
    SPLITS: tl.constexpr,
    MAX_SPLITS: tl.constexpr,
    BEHIND: tl.constexpr,
):
    """`out` (rows, WIDTH) = attention that was computed over SPLITS parts of the context."""
    row = tl.program_id(0)
    HEADS: tl.constexpr = WIDTH // HEAD_DIM
    part = row * MAX_SPLITS + tl.arange(0, SPLITS)[:, None, None]
    head = tl.arange(0, HEADS)[None, :, None]
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
        tl.extra.cuda.gdc_wait()
    d = tl.arange(0, HEAD_DIM)[None, None, :]
    parts = tl.load(partial + part * WIDTH + head * HEAD_DIM + d)
    x = joined(parts, tl.load(partial_weight + part * HEADS + head))
    tl.store(out + row * WIDTH + tl.arange(0, WIDTH), x.to(out.dtype.element_ty))


def norm(
    options: dict[str, bool], residual: Tensor, pending: Tensor, out: Tensor, parts: int = 0
) -> None:
    """`norm_kernel` of rows (rows, WIDTH), the first `parts` of their pending sums included."""
    norm_kernel[(len(residual),)](
        residual,
        pending,
        out,
        RMS_EPSILON,
        WIDTH=residual.shape[1],
        PENDING=parts,
        PARTS=MAX_PARTS,
        **options,
    )


def gate(options: dict[str, bool], gate_up: Tensor, out: Tensor) -> None:
    """`gated_kernel` of rows (rows, 2 * WIDTH)."""
    rows, width = out.shape
    block = min(width, 1024)
    gated_kernel[(rows, width // block)](gate_up, out, WIDTH=width, BLOCK=block, **options)


def multiply_add(residual: Tensor, vectors: Tensor, weight: Tensor) -> None:
    """The library's `residual` (rows, columns) += `vectors` (rows, WIDTH) @ `weight`.T."""
    if vectors.dtype == residual.dtype:
        residual.addmm_(vectors, weight.t())
    else:  # summed in fp32, and not rounded before it is added
        torch.addmm(residual, vectors, weight.t(), out_dtype=residual.dtype, out=residual)
