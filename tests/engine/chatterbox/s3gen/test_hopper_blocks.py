"""Matrices as Hopper's kernels read them: before they wait for what was queued ahead."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from engine.chatterbox.s3gen.kernels.hopper_blocks import Blocks
from engine.chatterbox.s3gen.kernels.hopper_many import ManyFrames
from engine.chatterbox.s3gen.layout import Linear


class Written(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's
    """Where each operation puts what it computes, in their order."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's
        self.places: list[int] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Tensor:
        result: Tensor = func(*args, **(kwargs or {}))
        if result._base is None:
            self.places.append(result.untyped_storage().data_ptr())
        return result


def linear(inputs: int) -> Linear:
    return Linear(torch.randn(256, inputs, dtype=torch.bfloat16), torch.zeros(256))


def laid_out(matrix: Linear) -> list[Tensor]:
    return [Blocks()(matrix.weight)]


def centred(matrix: Linear) -> list[Tensor]:
    return [Blocks()(matrix.weight, centred=True)]


def joined(matrix: Linear) -> list[Tensor]:
    return list(Blocks().joined(matrix, linear(64)))


def in_pieces(matrix: Linear) -> list[Tensor]:
    many = ManyFrames(lambda *_: None, Blocks(), lambda *_: torch.empty(0))
    return [many._pieces(matrix.weight, outputs=128)]


@pytest.mark.parametrize("lay_out", [laid_out, centred, joined, in_pieces])
def test_something_is_queued_behind_a_matrix_that_is_laid_out(
    lay_out: Callable[[Linear], list[Tensor]],
) -> None:
    """A kernel may begin before all that the one right ahead has stored is there for it to read."""
    with Written() as written:
        made = lay_out(linear(256))
    places = [tensor.untyped_storage().data_ptr() for tensor in made]
    assert set(places) <= set(written.places)
    assert written.places[-1] not in places


def test_a_matrix_is_laid_out_once() -> None:
    blocks, first, second = Blocks(), linear(192), linear(64)
    assert blocks(first.weight) is blocks(first.weight)
    assert blocks.joined(first, second)[0] is blocks.joined(first, second)[0]
    assert blocks.joined(first, second)[0].shape == (4, 4, 64, 64)
