"""The activations of one decode step, allocated once and reused by every step and graph.

Also says which slots a step works on. Rows come guided ones first: row `b` is place `b` of the
batch, row `places + b` is its unconditional twin, where there are such rows at all.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from engine.chatterbox.config import DecoderConfig
from engine.weights.sizes import T3Sizes

#: Most parts that the context of one row is divided into when few rows have to fill the device.
MAX_SPLITS = 8


@dataclass(frozen=True)
class Batch:
    """The activations and the slot numbers of a step over `len(slots)` places.

    `slots` is int32 (places,), `guided` whether unconditional rows exist, `context` the bucket
    that every position of the step lies in. R is places, or twice that if guided.
    """

    slots: Tensor
    guided: bool
    context: int
    residual: Tensor  # (R, hidden) fp32
    qkv: Tensor  # (R, 3 * hidden)
    attended: Tensor  # (R, hidden)
    normed: Tensor  # (R, hidden)
    gate_up: Tensor  # (R, 2 * ffn)
    activated: Tensor  # (R, ffn)
    logits: Tensor  # (R, speech vocabulary) fp32
    noise: Tensor  # (places, speech vocabulary) fp32, exponentially distributed
    partial: Tensor  # (R, MAX_SPLITS, hidden) fp32: attention over a part of the context
    partial_maximum: Tensor  # (R, MAX_SPLITS, heads) fp32
    partial_sum: Tensor  # (R, MAX_SPLITS, heads) fp32

    @property
    def places(self) -> int:
        """How many slots the step works on, idle places included."""
        return len(self.slots)

    @property
    def rows(self) -> int:
        """How many rows go through the network."""
        return len(self.residual)


class Buffers:
    """Room for the largest batch; smaller ones use the first rows of each tensor."""

    def __init__(
        self, config: DecoderConfig, sizes: T3Sizes, device: torch.device, places: int
    ) -> None:
        def room(*shape: int, dtype: torch.dtype = config.dtype) -> Tensor:
            return torch.zeros(shape, dtype=dtype, device=device)

        rows, hidden, single = 2 * places, sizes.hidden, torch.float32
        self._slots: dict[int, Tensor] = {}
        self._idle_slot = config.slots
        self._device = device
        self._noise = room(places, sizes.speech_vocabulary, dtype=single)
        self._of_rows = {
            "residual": room(rows, hidden, dtype=single),
            "qkv": room(rows, 3 * hidden),
            "attended": room(rows, hidden),
            "normed": room(rows, hidden),
            "gate_up": room(rows, 2 * sizes.ffn),
            "activated": room(rows, sizes.ffn),
            "logits": room(rows, sizes.speech_vocabulary, dtype=single),
            "partial": room(rows, MAX_SPLITS, hidden, dtype=single),
            "partial_maximum": room(rows, MAX_SPLITS, sizes.heads, dtype=single),
            "partial_sum": room(rows, MAX_SPLITS, sizes.heads, dtype=single),
        }

    def batch(self, places: int, *, guided: bool, context: int) -> Batch:
        """Views for a batch of this size. Equal arguments give the same memory every time."""
        if places not in self._slots:
            self._slots[places] = torch.full(
                (places,), self._idle_slot, dtype=torch.int32, device=self._device
            )
        rows = 2 * places if guided else places
        return Batch(
            slots=self._slots[places],
            guided=guided,
            context=context,
            noise=self._noise[:places],
            **{name: tensor[:rows] for name, tensor in self._of_rows.items()},
        )

    def fill(self, batch: Batch, slots: list[int]) -> None:
        """Let a batch work on these slots, and its other places on none."""
        padded = slots + [self._idle_slot] * (batch.places - len(slots))
        batch.slots.copy_(torch.tensor(padded, dtype=torch.int32), non_blocking=True)
