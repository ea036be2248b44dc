"""Utterances as the rows that prefill puts through the network."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
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


RowsT = TypeVar("RowsT")


class PromptRows(NamedTuple, Generic[RowsT]):
    """Prompts as tensors, one row per row of the batch. Rows without a prompt have length 0.

    Positions to be kept are those of the prefix past the shared ones, then text and starts.
    """

    text_tokens: RowsT  # (rows, width) int64
    lengths: RowsT  # (rows,) int64, of the texts
    conditional: RowsT  # (rows, 1, 1) fp32: 1 where the text is heard, 0 where it is not
    prefixes: RowsT  # (rows,) int64: places in the prefix cache
    before: RowsT  # (rows,) int64: positions of the prefixes
    pages: RowsT  # (rows, positions to be kept) int64
    offsets: RowsT  # (rows, positions to be kept) int64: where in its page each is


def idle_rows(
    *, places: int, guided: bool, width: int, shape: PromptShape
) -> PromptRows[NDArray[Any]]:
    """Rows without prompts, on the CPU, for texts of at most `width` tokens."""
    rows = 2 * places if guided else places
    columns = shape.prefix - shape.shared + width + shape.starts
    lengths, prefixes, before = (np.zeros(rows, np.int64) for _ in range(3))
    conditional = np.zeros((rows, 1, 1), np.float32)
    conditional[:places] = 1
    pages = np.full((rows, columns), SINK_PAGE, np.int64)
    # The same for every prompt: what has no page goes nowhere, wherever in the page it is.
    offsets = np.broadcast_to((shape.shared + np.arange(columns)) % shape.page, pages.shape)
    texts = np.zeros((rows, width), np.int64)
    return PromptRows(texts, lengths, conditional, prefixes, before, pages, offsets.copy())


def fill_rows(
    rows: PromptRows[NDArray[Any]], prompts: list[Prompt], places: int, shape: PromptShape
) -> None:
    """Let rows, which are idle, be those of these prompts."""
    for place, prompt in enumerate(prompts):
        text, length = prompt.text_tokens.numpy(), prompt.prefix.positions
        positions = np.arange(shape.shared, prompt.assignment.prompt_positions)
        for half, table in enumerate(prompt.assignment.pages):
            row = half * places + place
            rows.text_tokens[row, : len(text)] = text
            rows.lengths[row] = len(text)
            rows.prefixes[row], rows.before[row] = prompt.prefix.place, length
            pages = np.array(table)[positions // shape.page]
            if not shape.varied:
                rows.pages[row, : len(positions)] = pages
                continue
            # Behind a shorter prefix than the longest there are columns that nothing is kept of.
            own = len(prompt.prefix.pages) * shape.page
            column = positions + (positions >= length) * (shape.prefix - length)
            rows.pages[row, column[own:]] = pages[own:]
            rows.offsets[row, column] = positions % shape.page


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
