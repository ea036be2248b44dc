"""What the device knows of every utterance being decoded: one row of each tensor per slot.

All of it lives in tensors, nothing in Python numbers, because a captured graph would keep the
numbers of the request that it was captured with. The last slot is idle for ever: unused places of
a batch point at it.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.chatterbox.cuda.mapped import mapped
from engine.chatterbox.cuda.packed import upload
from engine.chatterbox.t3.config import PAGE, START_OF_SPEECH, pages_for
from engine.chatterbox.t3.kv_cache import SINK_PAGE
from engine.chatterbox.t3.philox import exponential_noise
from engine.chatterbox.t3.rules import ORIGINAL, SamplingRules
from engine.speech import SpeechParameters
from engine.weights.sizes import T3Sizes


class SlotStatus(IntEnum):
    """Where a slot's utterance stands."""

    IDLE = 0
    RUNNING = 1
    STOPPED = 2  # the model said that it was done
    CAPPED = 3  # it did not, and was cut off
    FAILED = 4  # its logits are not finite: there is nothing to choose from


class Column(IntEnum):
    """Columns of `Slots.state`."""

    STATUS = 0
    GENERATED = 1  # tokens sampled so far, the stop token included
    TOKEN = 2  # the last one
    PROMPT = 3  # positions before the first sampled token
    CAP = 4  # tokens at which it is cut off
    GUIDED = 5  # 1 if the slot has an unconditional row


#: In `Slots.said`: no token yet; and how far above a token stands what the slot became with it.
NOTHING, STATUS_SHIFT = -1, 16
TOKEN = (1 << STATUS_SHIFT) - 1


class Parameter(IntEnum):
    """Columns of `Slots.parameters`."""

    CFG_WEIGHT = 0
    TEMPERATURE = 1
    MIN_P = 2
    TOP_P = 3
    REPETITION_PENALTY = 4
    TOP_K = 5  # 0: all


@dataclass(frozen=True)
class Assignment:
    """One admitted utterance.

    `pages` has the page numbers of each of its one or two rows; the lists grow with it.
    """

    slot: int
    prompt_positions: int
    cap: int
    parameters: SpeechParameters
    pages: tuple[list[int], ...]

    @property
    def guided(self) -> bool:
        return len(self.pages) == 2


RowsT = TypeVar("RowsT")


class SlotRows(NamedTuple, Generic[RowsT]):
    """What slots are filled with, a row each; seeds and numbers of slots are int64."""

    slots: RowsT  # (places,)
    state: RowsT  # (places, Column) int32
    parameters: RowsT  # (places, Parameter) fp32
    seeds: RowsT  # (places,)
    tables: RowsT  # (places, 2, pages) int32


class Slots:
    """The tensors. `count` slots can be used; row `count` of each tensor is the idle one.

    An utterance has at most `positions` positions, in pages of `page`.
    """

    def __init__(
        self,
        count: int,
        sizes: T3Sizes,
        device: torch.device,
        *,
        positions: int,
        rules: SamplingRules = ORIGINAL,
        page: int = PAGE,
    ) -> None:
        self.idle_slot = count
        self.device = device
        self.rules = rules
        places = count + 1
        #: Raised whenever page tables change.
        self.revision = 0
        self.state = torch.zeros(places, len(Column), dtype=torch.int32, device=device)
        self.parameters = torch.ones(places, len(Parameter), device=device)
        self.seeds = torch.zeros(places, dtype=torch.int64, device=device)
        self.seen = torch.zeros(places, sizes.speech_vocabulary, dtype=torch.uint8, device=device)
        nothing = torch.full((places, rules.most_tokens), NOTHING, dtype=torch.int32)
        #: Of each sampled token, the slot's status since and the token, as the device writes them
        #: into the host's memory.
        self.said, heard = mapped(nothing, device)
        self._heard = heard.numpy()
        # Two rows a slot, the guided and the unconditional one.
        self.page_table = torch.full(
            (places, 2, pages_for(positions, page)), SINK_PAGE, dtype=torch.int32, device=device
        )

    def idle_rows(self, places: int) -> SlotRows[NDArray[Any]]:
        """Rows for `put` that are all the idle slot's, on the CPU."""
        return SlotRows(
            np.full(places, self.idle_slot, np.int64),
            np.zeros((places, len(Column)), np.int32),
            np.ones((places, len(Parameter)), np.float32),
            np.zeros(places, np.int64),
            np.full((places, *self.page_table.shape[1:]), SINK_PAGE, np.int32),
        )

    def fill_rows(self, rows: SlotRows[NDArray[Any]], assignments: list[Assignment]) -> None:
        """Let the first rows, which are idle, be those of these utterances."""
        for place, a in enumerate(assignments):
            p = self.rules.resolved(a.parameters)
            rows.slots[place], rows.seeds[place] = a.slot, p.seed
            rows.state[place] = (
                *(SlotStatus.RUNNING, 0, START_OF_SPEECH, a.prompt_positions, a.cap),
                a.guided,
            )
            rows.parameters[place] = (
                *(p.cfg_weight, p.temperature, p.min_p, p.top_p, p.repetition_penalty),
                p.top_k,
            )
            for half, pages in enumerate(a.pages):
                rows.tables[place, half, : len(pages)] = pages

    def put(self, rows: SlotRows[Tensor]) -> None:
        """Fill slots for their first sampled token. Queued behind what uses them now."""
        index = rows.slots
        self.state.index_copy_(0, index, rows.state)
        self.parameters.index_copy_(0, index, rows.parameters)
        self.seeds.index_copy_(0, index, rows.seeds)
        self.page_table.index_copy_(0, index, rows.tables)
        self.said.index_fill_(0, index, NOTHING)
        self.seen.index_fill_(0, index, 0)
        self.seen[:, START_OF_SPEECH].index_fill_(0, index, 1)

    def assign(self, assignments: list[Assignment]) -> None:
        """`put` what utterances need."""
        rows = self.idle_rows(len(assignments))
        self.fill_rows(rows, assignments)
        self.put(SlotRows(*upload(rows, self.device)))
        self.revision += 1

    def outcome(self, slot: int, sampled: int) -> tuple[SlotStatus, int]:
        """What a slot's utterance became within its first `sampled` tokens, and how many it has.

        For the host, once so many have been sampled, or as many as there will be.
        """
        words = self._heard[slot]
        last = int(words[sampled - 1])
        if last == NOTHING:
            sampled = int(np.count_nonzero(words[:sampled] != NOTHING))
            last = int(words[sampled - 1])
        return SlotStatus(last >> STATUS_SHIFT), sampled

    def noise(self, slots: Tensor, width: int) -> Tensor:
        """Exponentially distributed (n, width) fp32, of each slot's seed and step."""
        steps = self.state[:, Column.GENERATED][slots].long()
        return exponential_noise(self.seeds[slots], steps, width)

    def tokens(self, slot: int, count: int) -> list[int]:
        """The first `count` tokens of a slot's utterance, which has as many."""
        return [word & TOKEN for word in self._heard[slot, :count].tolist()]

    def add_pages(self, slot: int, half: int, first: int, pages: list[int]) -> None:
        """Append to a row's page table, behind the `first` pages that it has."""
        self.revision += 1
        table = self.page_table[slot, half, first : first + len(pages)]
        table.copy_(torch.tensor(pages, dtype=torch.int32), non_blocking=True)

    def free(self, slot: int) -> None:
        """Stop work on a slot. Queued behind what uses it now."""
        # Assigned as a number it would be copied, and the host would wait for all that is queued.
        self.state[slot, Column.STATUS].fill_(SlotStatus.IDLE)
