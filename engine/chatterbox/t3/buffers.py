"""The activations of one decode step, allocated once and reused by every step and graph.

Also says which slots a step works on. Rows come guided ones first: row `b` is place `b` of the
batch, row `places + b` is its unconditional twin, where there are such rows at all.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from engine.chatterbox.t3.config import DecoderConfig
from engine.chatterbox.t3.slots import Slots
from engine.weights.sizes import T3Sizes


class Activations(Protocol):
    """What products with weight matrices read and write, as a `Batch` has it, of any rows."""

    residual: Tensor
    normed: Tensor
    qkv: Tensor
    attended: Tensor
    gate_up: Tensor
    activated: Tensor
    logits: Tensor

    @property
    def rows(self) -> int: ...


@dataclass(eq=False)
class PromptBatch:
    """`Activations` of prompts, a row each position; R is as many. They have no `logits`."""

    residual: Tensor  # (R, hidden) fp32
    normed: Tensor
    qkv: Tensor
    attended: Tensor
    gate_up: Tensor
    activated: Tensor
    logits: Tensor

    @classmethod
    def of(cls, residual: Tensor, sizes: T3Sizes, dtype: torch.dtype) -> "PromptBatch":
        """Room for the layers over `residual` (R, hidden) fp32, which they change."""

        def room(width: int) -> Tensor:
            return residual.new_empty(len(residual), width, dtype=dtype)

        return cls(
            residual,
            normed=room(sizes.hidden),
            qkv=room(3 * sizes.hidden),
            attended=room(sizes.hidden),
            gate_up=room(2 * sizes.ffn),
            activated=room(sizes.ffn),
            logits=room(0),
        )

    @property
    def rows(self) -> int:
        return len(self.residual)


@dataclass(eq=False)
class Batch:
    """The activations and the slot numbers of a step over `len(slots)` places.

    `slots` is int32 (places,), `guided` whether unconditional rows exist, `context` the bucket
    that every position of the step lies in. R is places, or twice that if guided.
    """

    slots: Tensor
    guided: bool
    context: int
    tables: Tensor  # (R, pages) int32: each row's page numbers
    positions: Tensor  # (R,) int32: of the token that is fed, -1 in rows without work
    residual: Tensor  # (R, hidden) fp32
    qkv: Tensor  # (R, 3 * hidden)
    attended: Tensor  # (R, hidden)
    normed: Tensor  # (R, hidden): the stream normed, or, of few rows, in the network's type
    gate_up: Tensor  # (R, 2 * ffn)
    activated: Tensor  # (R, ffn)
    logits: Tensor  # (R, speech vocabulary) fp32

    @property
    def places(self) -> int:
        return len(self.slots)

    @property
    def rows(self) -> int:
        return len(self.residual)


class Buffers:
    """Room for the largest batch; smaller ones use the first rows of each tensor."""

    def __init__(self, config: DecoderConfig, sizes: T3Sizes, slots: Slots, places: int) -> None:
        device, rows, single = slots.device, 2 * places, torch.float32
        hidden, vocabulary = sizes.hidden, sizes.speech_vocabulary

        def room(*shape: int, dtype: torch.dtype = config.dtype) -> Tensor:
            return torch.zeros(shape, dtype=dtype, device=device)

        self._slots = slots
        self._filled: tuple[list[int], int, int] | None = None
        self._batches: dict[tuple[int, bool, int], Batch] = {}
        self._of_places = {
            "slots": torch.full((places,), slots.idle_slot, dtype=torch.int32, device=device),
        }
        self._of_rows = {
            "tables": room(rows, slots.page_table.shape[2], dtype=torch.int32),
            "positions": room(rows, dtype=torch.int32),
            "residual": room(rows, hidden, dtype=single),
            "qkv": room(rows, 3 * hidden),
            "attended": room(rows, hidden),
            "normed": room(rows, hidden),
            "gate_up": room(rows, 2 * sizes.ffn),
            "activated": room(rows, sizes.ffn),
            "logits": room(rows, vocabulary, dtype=single),
        }

    def batch(self, places: int, *, guided: bool, context: int) -> Batch:
        """Views for a batch of this size. Equal arguments give the same ones every time."""
        key = places, guided, context
        if (found := self._batches.get(key)) is not None:
            return found
        rows = 2 * places if guided else places
        batch = self._batches[key] = Batch(
            guided=guided,
            context=context,
            **{name: tensor[:places] for name, tensor in self._of_places.items()},
            **{name: tensor[:rows] for name, tensor in self._of_rows.items()},
        )
        return batch

    def fill(self, batch: Batch, slots: list[int]) -> None:
        """Let a batch work on these slots as they are assigned now, its other places on none."""
        padded = self._padded(batch, slots)
        filled = (padded, batch.rows, self._slots.revision)
        if filled == self._filled:
            return
        self.invalidate()  # until the copies are made: memory may run out for them
        self.put(batch, torch.tensor(padded, dtype=torch.int32))
        self._filled = filled

    def put(self, batch: Batch, slots: Tensor) -> None:
        """The same for slots (places,), wherever they are; nothing of it is remembered."""
        batch.slots.copy_(slots, non_blocking=True)
        tables = self._slots.page_table[batch.slots].transpose(0, 1)
        batch.tables.copy_(tables.flatten(0, 1)[: batch.rows])

    def note_filled(self, batch: Batch, slots: list[int]) -> None:
        """Remember that a batch works on these slots as they are assigned now."""
        self._filled = self._padded(batch, slots), batch.rows, self._slots.revision

    def invalidate(self) -> None:
        """Forget which slots the batches work on: `put` is to follow."""
        self._filled = None

    def _padded(self, batch: Batch, slots: list[int]) -> list[int]:
        return slots + [self._slots.idle_slot] * (batch.places - len(slots))
