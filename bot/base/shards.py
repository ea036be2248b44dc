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
        found = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?/([0-9]{1,5})", text)
        if found is None:
            raise ValueError("shards are given as FIRST-LAST/COUNT, such as 0-3/8")
        first, count = int(found[1]), int(found[3])
        last = int(found[2] or first)
        if not 1 <= count <= _MOST:
            raise ValueError(f"{count} shards cannot be: there are 1 to {_MOST}")
        if last < first:
            raise ValueError(f"shards are given in their order: {last}-{first}, not {first}-{last}")
        if last >= count:
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

    def dealt(self, processes: int) -> "list[Shards]":
        """These in as many nearly equal ranges as there are processes, each at least one."""
        many = self.last - self.first + 1
        ends = [self.first + many * number // processes for number in range(processes + 1)]
        return [Shards(first, end - 1, self.count) for first, end in pairwise(ends)]


def dealt(count: int, processes: int) -> list[Shards]:
    """All of `count` shards, as `Shards.dealt`."""
    return Shards(0, count - 1, count).dealt(processes)
