"""Utterances as the rows that prefill puts through the network."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from engine.chatterbox.t3.kv_cache import SINK_PAGE
from engine.chatterbox.t3.prefix import Prefix
from engine.chatterbox.t3.slots import Assignment


@dataclass(frozen=True)
class Prompt:
    """An utterance with everything reserved that it needs to begin."""

    assignment: Assignment
    text_tokens: Tensor
    prefix: Prefix


class PromptShape(NamedTuple):
    """What all prompts of a network have in common.

    `starts` starts of speech follow the text, and at most `prefix` positions of the voice stand
    before it. Prefixes are equally long, or are not (`varied`). A page has `page` positions.
    """

    starts: int
    prefix: int
    varied: bool
    page: int

    @property
    def shared(self) -> int:
        """Positions that no row ever has of its own."""
        return 0 if self.varied else self.prefix - self.prefix % self.page


class PromptRows(NamedTuple):
    """Prompts as tensors, one row per row of the batch. Rows without a prompt have length 0.

    Positions to be kept are those of the prefix past the shared ones, then text and starts.
    """

    text_tokens: Tensor  # (rows, width) int64
    lengths: Tensor  # (rows,) int64, of the texts
    conditional: Tensor  # (rows, 1, 1) fp32: 1 where the text is heard, 0 where it is not
    prefixes: Tensor  # (rows,) int64: places in the prefix cache
    before: Tensor  # (rows,) int64: positions of the prefixes
    pages: Tensor  # (rows, positions to be kept) int64
    offsets: Tensor  # (rows, positions to be kept) int64: where in its page each is

    @property
    def width(self) -> int:
        """Text tokens of the longest row that fits."""
        return self.text_tokens.shape[1]

    @classmethod
    def of(
        cls, prompts: list[Prompt], *, places: int, guided: bool, width: int, shape: PromptShape
    ) -> "PromptRows":
        """On the CPU."""
        rows = 2 * places if guided else places
        columns = shape.prefix - shape.shared + width + shape.starts
        texts = torch.zeros(rows, width, dtype=torch.int64)
        lengths = torch.zeros(rows, dtype=torch.int64)
        conditional = torch.zeros(rows, 1, 1)
        prefixes = torch.zeros(rows, dtype=torch.int64)
        before = torch.zeros(rows, dtype=torch.int64)
        pages = torch.full((rows, columns), SINK_PAGE, dtype=torch.int64)
        offsets = torch.zeros_like(pages)
        for place, prompt in enumerate(prompts):
            count = len(prompt.text_tokens)
            length = prompt.prefix.positions
            own = len(prompt.prefix.pages) * shape.page
            position = torch.arange(own, prompt.assignment.prompt_positions)
            # Behind a shorter prefix than the longest there are columns that nothing is kept of.
            column = position - shape.shared + (position >= length) * (shape.prefix - length)
            for half, table in enumerate(prompt.assignment.pages):
                row = half * places + place
                texts[row, :count] = prompt.text_tokens
                lengths[row] = count
                conditional[row] = half == 0
                prefixes[row] = prompt.prefix.place
                before[row] = length
                pages[row, column] = torch.tensor(table)[position // shape.page]
                offsets[row, column] = position % shape.page
        return cls(texts, lengths, conditional, prefixes, before, pages, offsets)

    def idle(self) -> "PromptRows":
        """As many rows, none of them with a prompt: the sink page is 0, too."""
        return PromptRows(*map(torch.zeros_like, self))

    def to(self, device: torch.device) -> "PromptRows":
        return PromptRows(*(tensor.to(device) for tensor in self))

    def copy_(self, other: "PromptRows") -> None:
        for target, source in zip(self, other, strict=True):
            target.copy_(source, non_blocking=True)


@dataclass(frozen=True)
class Earlier:
    """The keys and values before prompts: of each row, the first `lengths` of one voice's.

    `storage` is (voices, layers, 2, heads, positions, HEAD_DIM), `voices` and `lengths` are (rows,)
    int64. `count` new positions follow.
    """

    storage: Tensor
    voices: Tensor
    lengths: Tensor
    count: int

    @property
    def positions(self) -> int:
        return self.storage.shape[4]

    @cached_property
    def of_rows(self) -> Tensor:
        """(rows, layers, 2, heads, positions, HEAD_DIM)."""
        return self.storage[self.voices]

    @cached_property
    def visible(self) -> Tensor:
        """What each new position sees: (rows, 1, count, positions + count) bool."""
        column = torch.arange(self.positions + self.count, device=self.lengths.device)
        column -= self.positions
        new = column <= torch.arange(self.count, device=column.device)[:, None]
        earlier = column < self.lengths[:, None, None] - self.positions
        return torch.where(column < 0, earlier, new)[:, None]


class Destination(Protocol):
    """Where the keys and values of prompts are kept: those of the last positions of each row.

    `pages` and `offsets` are (rows, positions) int64: the page of each, and where in it.
    """

    @property
    def pages(self) -> Tensor: ...

    @property
    def offsets(self) -> Tensor: ...

    def views(self, layer: int) -> tuple[Tensor, Tensor]:
        """Keys and values of a layer, as `PagePool.views`."""

    def put(self, layer: int, both: Tensor) -> None:
        """Keep a layer's keys and values (2, rows, heads, positions, HEAD_DIM)."""


class InOnePiece:
    """A `Destination` for one row: `storage` (layers, 2, heads, positions, HEAD_DIM) whole."""

    def __init__(self, storage: Tensor) -> None:
        self._storage = storage
        self.offsets = torch.arange(storage.shape[3], device=storage.device)[None]
        self.pages = torch.zeros_like(self.offsets)

    def views(self, layer: int) -> tuple[Tensor, Tensor]:
        return self._storage[layer, 0, None], self._storage[layer, 1, None]

    def put(self, layer: int, both: Tensor) -> None:
        self._storage[layer] = both[:, 0]
