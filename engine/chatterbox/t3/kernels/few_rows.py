"""Attention of a step's few rows, which waits for its own queries alone: `attention_few.cu`."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import torch
from torch import Tensor

from engine.chatterbox.cuda.program import HOPPER, Program
from engine.chatterbox.t3.buffers import Batch
from engine.chatterbox.t3.kernels import sources
from engine.weights.sizes import HEAD_DIM, T3Sizes

#: Beyond, who looks for its query is in the way of who makes it.
MOST_ROWS = 8
#: A half of a word that nobody has written.
_MISSING = -1


def attends(
    sizes: T3Sizes,
    dtype: torch.dtype,
    capability: tuple[int, int],
    stored: torch.dtype | None = None,
) -> bool:
    """Whether it is for such queries: those of `projections.cu`, on the card it was measured on."""
    return dtype != torch.float32 and capability == HOPPER and sources.multiplies(sizes, stored)


class Mailbox:
    """Where a product leaves each layer's queries, keys and values, and attention takes them out.

    What is not taken out is taken by the next step in place of its own, and every step after it is
    one late as well: nothing may be left behind.
    """

    def __init__(self, sizes: T3Sizes, dtype: torch.dtype, device: torch.device) -> None:
        shape = sizes.layers, MOST_ROWS, 3 * sizes.hidden
        self._words = torch.full(shape, _MISSING, dtype=torch.int16, device=device)
        self._values = self._words.view(dtype)

    def of(self, layer: int, rows: int) -> Tensor:
        """(rows, 3 * hidden)."""
        return self._values[layer, :rows]

    @contextmanager
    def taken_out(self, layer: int) -> Iterator[None]:
        """Around launching both: where one cannot be, as memory ran out, the layer is emptied."""
        try:
            yield
        except BaseException:
            # In a capture nothing ran, and a void one refuses this. The first failure is told.
            with suppress(RuntimeError), torch.inference_mode():
                self._words[layer].fill_(_MISSING)
            raise


class FewRowsAttention:
    """See `engine.chatterbox.t3.kernels.T3Kernels.attend`; for at most `MOST_ROWS` rows.

    It reads `mailbox`, and leaves there that nothing is written yet. Each layer has its own: when a
    kernel looks there, all of the step before has ended, and nothing of the layer before need have.
    """

    def __init__(
        self,
        sizes: T3Sizes,
        dtype: torch.dtype,
        device: torch.device,
        cache: torch.dtype | None = None,
    ) -> None:
        """Keys and values are kept in `cache`, or in `dtype`."""
        program = Program(sources.attention_few(sizes, dtype, cache), device)
        self._behind = program.behind
        self._kernels = [
            (how, program.kernel(f"attend_{how.name}"))
            for how in sources.attentions_of_few(sizes, cache)
        ]
        #: What queries, keys and values are to be written into.
        self.mailbox = Mailbox(sizes, dtype, device)

    def attend(
        self,
        batch: Batch,
        layer: int,
        cache: tuple[Tensor, Tensor],
        rotary: tuple[Tensor, Tensor] | None,
    ) -> None:
        how, kernel = next(each for each in self._kernels if batch.rows <= each[0].rows)
        kernel(
            (cache[0].shape[1], batch.rows),
            how.threads,
            self.mailbox.of(layer, batch.rows),
            *cache,
            *(rotary or (ctypes.c_void_p(), ctypes.c_void_p())),
            batch.positions,
            batch.tables,
            batch.attended,
            batch.tables.shape[1],
            HEAD_DIM**-0.5,
            behind=self._behind,
        )
