"""Matrices in blocks of 64 x 64 halves, as Hopper's own products read them: see `blocks.cuh`."""

import torch
from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from engine.chatterbox.s3gen.layout import Linear


class Blocks:
    """A matrix is laid out in blocks when it is first met, and they are kept as long as it is."""

    def __init__(self) -> None:
        self._laid_out = WeakIdKeyDictionary()
        self._joined = WeakIdKeyDictionary()

    def __call__(self, matrix: Tensor, *, centred: bool = False) -> Tensor:
        """`matrix` in blocks; `centred`, without what the inputs of an output have in common.

        A matrix is asked for in one of the two forms alone. Behind a norm, one from a checkpoint
        has nothing in common, but for what it was rounded by.
        """
        found: Tensor | None = self._laid_out.get(matrix)
        if found is None:
            wide = matrix.float()
            even = wide - wide.mean(1, keepdim=True) if centred else wide
            found = self._laid_out[matrix] = completed(blocks_of(even.to(matrix.dtype)))
        return found

    def joined(self, first: Linear, second: Linear) -> tuple[Tensor, Tensor]:
        """Matrices of as many outputs side by side, in blocks, and the biases of both."""
        found: tuple[Tensor, Tensor] | None = self._joined.get(second.weight)
        if found is None:
            matrix = blocks_of(torch.cat([first.weight, second.weight], dim=1))
            found = matrix, completed(torch.cat([first.bias, second.bias]))
            self._joined[second.weight] = found
        return found


def completed(laid_out: Tensor) -> Tensor:
    """Queue something behind it, so that the next kernel may read it before it waits for any.

    A chain's kernels read matrices so, and the first one may begin while what the kernel right
    ahead of it has stored is not seen by all yet. Of any before that one, everything is.
    """
    laid_out.new_zeros(1)
    return laid_out


def blocks_of(matrix: Tensor) -> Tensor:
    """(rows, columns), both multiples of 64, as (rows / 64, columns / 64, 64, 64) blocks."""
    rows, columns = matrix.shape
    chunks = matrix.view(rows // 64, 64, columns // 64, 8, 8).transpose(1, 2)
    row = torch.arange(64, device=matrix.device)[:, None]
    chunk = torch.arange(8, device=matrix.device) ^ row % 8
    return chunks[:, :, row, chunk].flatten(-2).contiguous()
