"""A decode step's products with weight matrices, each class for one range of row counts."""

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.cuda.program import Kernel, Program
from engine.chatterbox.t3.buffers import Activations
from engine.chatterbox.t3.gpt2_weights import Affine
from engine.chatterbox.t3.kernels import sources
from engine.chatterbox.t3.kernels.reference import Matrix, gelu
from engine.chatterbox.t3.quantised import Quantised
from engine.weights.sizes import T3Sizes

#: Rows in fp32 that are multiplied by our own kernels; beyond, the library is as fast.
MOST_FULL_ROWS = 2


class HalfPrecision:
    """Tensor cores, with the matrix read once for all rows: at most `sources.MOST_ROWS`."""

    def __init__(
        self,
        sizes: T3Sizes,
        dtype: torch.dtype,
        device: torch.device,
        stored: torch.dtype | None = None,
    ) -> None:
        """For layers whose matrices are `stored` in int8, or in `dtype`."""
        capability = torch.cuda.get_device_capability(device)
        program = Program(sources.projections(sizes, dtype, capability, stored), device)
        self._behind = program.behind
        self._rounds = sources.rounds(sizes, dtype)
        #: Of a few rows of the residual, by eight columns: whoever adds to it tells them.
        self.squares = torch.zeros(sources.MOST_ROWS, sizes.hidden // 8, device=device)
        self._products = {
            matrix: [
                (product, program.kernel(product.kernel, shared=shared), shared)
                for product in of_matrix
                for shared in [product.shared(capability)]
            ]
            for matrix, of_matrix in sources.products(sizes, capability, stored).items()
        }

    def begin(self, batch: Activations) -> None:
        """Of prompts; a step's embedding is kept rounded as well from the first."""
        if self._rounds:
            batch.normed.copy_(batch.residual)
            by_eight = batch.residual.square().unflatten(-1, (-1, 8))
            torch.sum(by_eight, -1, out=self.squares[: batch.rows])

    def norm_linear(
        self, batch: Activations, weight: Matrix, out: Tensor, *, late: bool = False
    ) -> None:
        """With `late`, what follows starts once what is before has ended."""
        if out is batch.logits:  # behind a prompt as well, which rounds nothing
            self._multiply(batch, "head", batch.residual, weight, out)
        else:
            self._multiply(batch, "qkv", self._stream(batch), weight, out, late=late)

    def add_attended(self, batch: Activations, weight: Matrix) -> None:
        self._multiply(batch, "output", batch.attended, weight, batch.residual)

    def add_mlp(self, batch: Activations, up: Matrix, down: Matrix) -> None:
        self._multiply(batch, "up", self._stream(batch), up, batch.activated)
        self._multiply(batch, "down", batch.activated, down, batch.residual)

    def _stream(self, batch: Activations) -> Tensor:
        """The residual stream as the layers read it; what adds to it keeps both."""
        return batch.normed if self._rounds else batch.residual

    def _multiply(
        self,
        batch: Activations,
        name: str,
        vectors: Tensor,
        matrix: Matrix,
        out: Tensor,
        *,
        late: bool = False,
    ) -> None:
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
            batch.normed,
            self.squares,
            rows,
            columns,
            late,
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

    def norm_linear(self, batch: Activations, weight: Matrix, out: Tensor) -> None:
        self._multiply(self._store, batch.residual, weight, out)

    def add_attended(self, batch: Activations, weight: Matrix) -> None:
        self._multiply(self._add, batch.attended, weight, batch.residual)

    def add_mlp(self, batch: Activations, up: Matrix, down: Matrix) -> None:
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
        self._widen = program.kernel("widen")

    def norm(self, residual: Tensor, out: Tensor) -> None:
        """`out` = the RMS norm of `residual` (rows, width) fp32."""
        rows, width = residual.shape
        self._norm((rows,), 128, residual, out, width, behind=self.behind)

    def gate(self, gate_up: Tensor, out: Tensor) -> None:
        """`out` (rows, width) = silu(gate) * up of `gate_up` (rows, 2 * width)."""
        rows, width = out.shape
        self._gated((rows, -(-width // 512)), 128, gate_up, out, width, behind=self.behind)

    def plain(self, weight: Matrix, dtype: torch.dtype) -> tuple[Tensor, ...]:
        """The matrix (out, in) in `dtype`, and its bias where it has one.

        Of eight bits it is made anew with each call, so that one at a time takes memory.
        """
        if isinstance(weight, Affine):
            return *self.plain(weight.weight, dtype), weight.bias
        if not isinstance(weight, Quantised):
            return (weight,)
        rows, width = weight.shape
        matrix = torch.empty(rows, width, dtype=dtype, device=weight.codes.device)
        given = weight.codes, weight.scales, matrix, width
        self._widen((rows,), 128, *given, behind=self.behind)
        return (matrix,)


class Library:
    """Torch's own products, for any number of rows. Eight bits are widened for each product."""

    def __init__(self, between: Between) -> None:
        self._between = between

    def norm_linear(self, batch: Activations, weight: Matrix, out: Tensor) -> None:
        self._between.norm(batch.residual, batch.normed)
        matrix, *bias = self._between.plain(weight, batch.normed.dtype)
        if out.dtype == matrix.dtype and bias:
            torch.addmm(bias[0], batch.normed, matrix.t(), out=out)
        elif out.dtype == matrix.dtype:
            torch.mm(batch.normed, matrix.t(), out=out)
        else:  # summed in fp32, and not rounded before it is added to
            torch.mm(batch.normed, matrix.t(), out_dtype=out.dtype, out=out)
            if bias:
                out.add_(bias[0])

    def add_attended(self, batch: Activations, weight: Matrix) -> None:
        self._add(batch.residual, batch.attended, weight)

    def add_mlp(self, batch: Activations, up: Matrix, down: Matrix) -> None:
        self._between.norm(batch.residual, batch.normed)
        matrix, *bias = self._between.plain(up, batch.normed.dtype)
        if bias:
            batch.activated.copy_(gelu(functional.linear(batch.normed, matrix, bias[0])))
        else:
            torch.mm(batch.normed, matrix.t(), out=batch.gate_up)
            self._between.gate(batch.gate_up, batch.activated)
        self._add(batch.residual, batch.activated, down)

    def _add(self, residual: Tensor, vectors: Tensor, weight: Matrix) -> None:
        matrix, *bias = self._between.plain(weight, vectors.dtype)
        multiply_add(residual, vectors, matrix)
        if bias:
            residual.add_(bias[0])


def _tensors(matrix: Matrix) -> tuple[Tensor, ...]:
    """What a kernel is given of it: weights, their scales where they have some, the bias if any."""
    if isinstance(matrix, Affine):
        return *_tensors(matrix.weight), matrix.bias
    return (matrix.codes, matrix.scales) if isinstance(matrix, Quantised) else (matrix,)


def multiply_add(residual: Tensor, vectors: Tensor, weight: Tensor) -> None:
    """The library's `residual` (rows, columns) += `vectors` (rows, width) @ `weight`.T."""
    if vectors.dtype == residual.dtype:
        residual.addmm_(vectors, weight.t())
    else:  # summed in fp32, and not rounded before it is added
        torch.addmm(residual, vectors, weight.t(), out_dtype=residual.dtype, out=residual)
