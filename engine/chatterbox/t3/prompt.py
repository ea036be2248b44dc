"""Utterances as the rows that prefill puts through the network."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from engine.chatterbox.t3.config import PAGE
from engine.chatterbox.t3.kv_cache import SINK_PAGE
from engine.chatterbox.t3.prefix import Prefix
from engine.chatterbox.t3.slots import Assignment

#: Two start-of-speech positions follow the text, both at speech position 0, as in upstream.
STARTS = 2


@dataclass(frozen=True)
class Prompt:
    """An utterance with everything reserved that it needs to begin."""

    assignment: Assignment
    text_tokens: Tensor
    prefix: Prefix


class PromptRows(NamedTuple):
    """Prompts as tensors, one row per row of the batch. Rows without a prompt have length 0."""

    text_tokens: Tensor  # (rows, width) int64
    lengths: Tensor  # (rows,) int64, of the texts
    conditional: Tensor  # (rows, 1, 1) fp32: 1 where the text is heard, 0 where it is not
    prefixes: Tensor  # (rows,) int64: places in the prefix cache
    pages: Tensor  # (rows, positions past the shared pages) int64

    @property
    def width(self) -> int:
        """Text tokens of the longest row that fits."""
        return self.text_tokens.shape[1]

    @classmethod
    def of(
        cls, prompts: list[Prompt], *, places: int, guided: bool, width: int, start: int
    ) -> "PromptRows":
        """On the CPU. `start` is the number of conditioning positions."""
        shared = start - start % PAGE
        rows = 2 * places if guided else places
        texts = torch.zeros(rows, width, dtype=torch.int64)
        lengths = torch.zeros(rows, dtype=torch.int64)
        conditional = torch.zeros(rows, 1, 1)
        prefixes = torch.zeros(rows, dtype=torch.int64)
        pages = torch.full((rows, start - shared + width + STARTS), SINK_PAGE, dtype=torch.int64)
        for place, prompt in enumerate(prompts):
            count = len(prompt.text_tokens)
            for half, table in enumerate(prompt.assignment.pages):
                row = half * places + place
                texts[row, :count] = prompt.text_tokens
                lengths[row] = count
                conditional[row] = half == 0
                prefixes[row] = prompt.prefix.place
                used = torch.arange(shared, start + count + STARTS) // PAGE
                pages[row, : len(used)] = torch.tensor(table)[used]
        return cls(texts, lengths, conditional, prefixes, pages)

    def idle(self) -> "PromptRows":
        """As many rows, none of them with a prompt: the sink page is 0, too."""
        return PromptRows(*map(torch.zeros_like, self))

    def to(self, device: torch.device) -> "PromptRows":
        return PromptRows(*(tensor.to(device) for tensor in self))

    def copy_(self, other: "PromptRows") -> None:
        for target, source in zip(self, other, strict=True):
            target.copy_(source, non_blocking=True)
