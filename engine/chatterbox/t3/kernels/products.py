"""A decode step's products with weight matrices, each class for one range of row counts."""

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.cuda.program import Kernel, Program
from engine.chatterbox.t3.buffers import Batch
from engine.chatterbox.t3.gpt2_weights import Affine
from engine.chatterbox.t3.kernels import sources
from engine.chatterbox.t3.kernels.reference import Matrix, gelu
from engine.weights.sizes import T3Sizes

#: Rows in fp32 that are multiplied by our own kernels; beyond, the library is as fast.
MOST_FULL_ROWS = 2


class HalfPrecision:
    """Tensor cores, with the matrix read once for all rows: at most `sources.MOST_ROWS`."""

    def __init__(self, sizes: T3Sizes, dtype: torch.dtype, device: torch.device) -> None:
        capability = torch.cuda.get_device_capability(device)
        program = Program(sources.projections(sizes, dtype, capability), device)
        self._behind = program.behind
        self._products = {
            matrix: [
                (product, program.kernel(product.kernel, shared=shared), shared)
                for product in of_matrix
                for shared in [product.shared(capability)]
            ]
            for matrix, of_matrix in sources.products(sizes, capability).items()
        }

    def norm_linear(self, batch: Batch, weight: Matrix, out: Tensor) -> None:
        name = "head" if out is batch.logits else "qkv"
        self._multiply(name, batch.residual, weight, out)

    def add_attended(self, batch: Batch, weight: Matrix) -> None:
        self._multiply("output", batch.attended, weight, batch.residual)

    def add_mlp(self, batch: Batch, up: Matrix, down: Matrix) -> None:
        self._multiply("up", batch.residual, up, batch.activated)
        self._multiply("down", batch.activated, down, batch.residual)

    def _multiply(self, name: str, vectors: Tensor, matrix: Matrix, out: Tensor) -> None:
        weight, *bias = _tensors(matrix)
        rows, columns = out.shape
        product, kernel, shared = next(
            each for each in self._products[name] if rows <= each[0].rows
        )
        blocks = -(-len(weight) // (8 * product.tiles))
        kernel(
            (blocks,),
            product.threads,
            vectors,
            weight,
            *bias,
            out,
            rows,
            columns,
            shared=shared,
            behind=self._behind,
        )


class FullPrecision:
    """fp32, the mode that is compared with others: at most `MOST_FULL_ROWS`."""

    _ROWS = 4  # of the matrix, one block

    def __init__(self, sizes: T3Sizes, device: torch.device) -> None:
        program = Program(sources.full_precision(sizes), device)
        self._behind = program.behind
        self._store, self._up, self._add = map(program.kernel, ("store_normed", "up_normed", "add"))

    def norm_linear(self, batch: Batch, weight: Matrix, out: Tensor) -> None:
        self._multiply(self._store, batch.residual, weight, out)

    def add_attended(self, batch: Batch, weight: Matrix) -> None:
        self._multiply(self._add, batch.attended, weight, batch.residual)

    def add_mlp(self, batch: Batch, up: Matrix, down: Matrix) -> None:
        self._multiply(self._up, batch.residual, up, batch.activated)
        self._multiply(self._add, batch.activated, down, batch.residual)

    def _multiply(self, kernel: Kernel, vectors: Tensor, matrix: Matrix, out: Tensor) -> None:
        weight, *bias = _tensors(matrix)
        rows, columns = out.shape
        kernel(
            (-(-columns // self._ROWS),),
            32 * self._ROWS,
            vectors,
            weight,
            *bias,
            out,
            rows,
            columns,
            weight.shape[1],
            behind=self._behind,
        )


class Between:
    """What stands between the library's products."""

    def __init__(self, sizes: T3Sizes, dtype: torch.dtype, device: torch.device) -> None:
        program = Program(sources.between(sizes, dtype), device)
        self.behind = program.behind
        self._norm, self._gated = map(program.kernel, ("norm_rows", "gated"))
        self.turn_heads = program.kernel("turn_heads")

    def norm(self, residual: Tensor, out: Tensor) -> None:
        """`out` = the RMS norm of `residual` (rows, width) fp32."""
        rows, width = residual.shape
        self._norm((rows,), 128, residual, out, width, behind=self.behind)

    def gate(self, gate_up: Tensor, out: Tensor) -> None:
        """`out` (rows, width) = silu(gate) * up of `gate_up` (rows, 2 * width)."""
        rows, width = out.shape
        self._gated((rows, -(-width // 512)), 128, gate_up, out, width, behind=self.behind)


class Library:
    """Torch's own products, for any number of rows."""

    def __init__(self, between: Between) -> None:
        self._between = between

    def norm_linear(self, batch: Batch, weight: Matrix, out: Tensor) -> None:
        self._between.norm(batch.residual, batch.normed)
        if isinstance(weight, Affine):
            if out.dtype == weight.weight.dtype:
                torch.addmm(weight.bias, batch.normed, weight.weight.t(), out=out)
            else:  # summed in fp32, and not rounded before it is added to
                torch.mm(batch.normed, weight.weight.t(), out_dtype=out.dtype, out=out)
                out.add_(weight.bias)
        elif out.dtype == weight.dtype:
            torch.mm(batch.normed, weight.t(), out=out)
        else:
            torch.mm(batch.normed, weight.t(), out_dtype=out.dtype, out=out)

    def add_attended(self, batch: Batch, weight: Matrix) -> None:
        _add(batch.residual, batch.attended, weight)

    def add_mlp(self, batch: Batch, up: Matrix, down: Matrix) -> None:
        self._between.norm(batch.residual, batch.normed)
        if isinstance(up, Affine):
            batch.activated.copy_(gelu(functional.linear(batch.normed, up.weight, up.bias)))
        else:
            torch.mm(batch.normed, up.t(), out=batch.gate_up)
            self._between.gate(batch.gate_up, batch.activated)
        _add(batch.residual, batch.activated, down)


def _tensors(matrix: Matrix) -> tuple[Tensor, ...]:
    """The weight, and the bias where there is one."""
    return (matrix.weight, matrix.bias) if isinstance(matrix, Affine) else (matrix,)


def _add(residual: Tensor, vectors: Tensor, matrix: Matrix) -> None:
    multiply_add(residual, vectors, _tensors(matrix)[0])
    if isinstance(matrix, Affine):
        residual.add_(matrix.bias)


def multiply_add(residual: Tensor, vectors: Tensor, weight: Tensor) -> None:
    """The library's `residual` (rows, columns) += `vectors` (rows, width) @ `weight`.T."""
    if vectors.dtype == residual.dtype:
        residual.addmm_(vectors, weight.t())
    else:  # summed in fp32, and not rounded before it is added
        torch.addmm(residual, vectors, weight.t(), out_dtype=residual.dtype, out=residual)
