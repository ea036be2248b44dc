"""Which of Discord's shards a process has, and so which servers."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

#: Discord's own limit is the bot's size; this is to find slips of the finger.
_MOST = 16_384


@dataclass(frozen=True, slots=True)
class Shards:
    """The shards from `first` to `last`, of `count` numbered from 0."""

    first: int
    last: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `A-B/N`, or `A/N` for one shard. Raises `ValueError` with a sentence."""
        found = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?/(\d{1,5})", text)
        if found is None:
            raise ValueError("shards are given as FIRST-LAST/COUNT, such as 0-3/8")
        first, count = int(found[1]), int(found[3])
        last = int(found[2] or first)
        if not first <= last < count <= _MOST:
            raise ValueError(f"there are no such shards: of {count} the last one is {count - 1}")
        return cls(first, last, count)

    def __str__(self) -> str:
        return f"{self.first}-{self.last}/{self.count}"

    @property
    def ids(self) -> list[int]:
        return list(range(self.first, self.last + 1))

    def has(self, guild_id: int) -> bool:
        """Whether a server is on one of these shards, by Discord's formula."""
        return self.first <= (guild_id >> 22) % self.count <= self.last


def dealt(count: int, processes: int) -> list[Shards]:
    """`count` shards in as many nearly equal ranges as there are processes, each at least one."""
    ends = [count * number // processes for number in range(processes + 1)]
    return [Shards(first, end - 1, count) for first, end in pairwise(ends)]
