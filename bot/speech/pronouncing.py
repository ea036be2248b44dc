"""The pronunciations of servers and members, kept ready for reading."""

import asyncio
import sys
from collections.abc import Mapping
from typing import NamedTuple, Self

from bot.base.errors import UserError
from bot.text import PronunciationLimits, Pronunciations
from bot.text.pronunciations import EntryRefused, checked_entries, checked_entry, cleaned
from data.store import Store

#: Building one checks up to 2,000 entries; this many of them take some MB at the most.
_KEPT = 256

#: What was kept under wider limits than today's goes on to count.
_WIDEST = PronunciationLimits(sys.maxsize, sys.maxsize, sys.maxsize, sys.maxsize)


class Imported(NamedTuple):
    """What a file changed, in entries: new ones, others than before, and those that went."""

    new: int
    changed: int
    removed: int
    now: int

    @classmethod
    def of(cls, before: Mapping[str, str], after: Mapping[str, str]) -> Self:
        kept = before.keys() & after.keys()
        return cls(
            new=len(after) - len(kept),
            changed=sum(before[word] != after[word] for word in kept),
            removed=len(before) - len(kept),
            now=len(after),
        )


class Pronouncing:
    """How words are said. An owner is given as `guild_id` or `user_id`, never both."""

    def __init__(self, store: Store, limits: PronunciationLimits) -> None:
        self.limits = limits
        self._transaction = store.transaction
        self._store = store.pronunciations
        self._kept: dict[tuple[int, int], Pronunciations] = {}

    async def of(self, guild_id: int, user_id: int) -> Pronunciations:
        """What counts for a member in a server: theirs before the server's."""
        # Read every time, built only when they changed: whoever deletes rows need not know of this.
        server, user = await self._store.both(guild_id, user_id)
        kept = self._kept.get((guild_id, user_id))
        if kept is None or kept.server != server or kept.user != user:
            # Thousands of entries take a while, and everybody else's sound is made meanwhile.
            kept = await asyncio.to_thread(Pronunciations, server, user, _WIDEST)
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            self._kept[guild_id, user_id] = kept
        return kept

    def forget(self, user_id: int) -> None:
        """Drop from memory what was kept of a person's entries. Their rows are the caller's."""
        for key in [key for key in self._kept if key[1] == user_id]:
            del self._kept[key]

    async def entries(
        self, *, guild_id: int | None = None, user_id: int | None = None
    ) -> dict[str, str]:
        """The entries of one owner by word."""
        return await self._store.entries(guild_id=guild_id, user_id=user_id)

    async def add(
        self, word: str, say: str, *, guild_id: int | None = None, user_id: int | None = None
    ) -> tuple[str, str]:
        """Add or change an entry, and return it as it is kept. Raises `UserError`."""
        try:
            word, say = checked_entry(word, say, self.limits)
        except EntryRefused as error:
            raise UserError(error.sentence) from None
        async with self._transaction():
            entries = await self.entries(guild_id=guild_id, user_id=user_id)
            if word not in entries and len(entries) >= self.limits.max_entries:
                raise UserError(
                    "There are already {count:,} entries, and I keep no more. "
                    "`/pronounce remove` makes room.",
                    count=len(entries),
                )
            await self._store.replace(entries | {word: say}, guild_id=guild_id, user_id=user_id)
        return word, say

    async def remove(
        self, word: str, *, guild_id: int | None = None, user_id: int | None = None
    ) -> None:
        """Forget an entry. Raises `UserError` for one that is not there."""
        async with self._transaction():
            entries = await self.entries(guild_id=guild_id, user_id=user_id)
            if word not in entries:  # as it was typed when it was added, a phone's apostrophe too
                word = cleaned(word)
            alike = [kept for kept in entries if kept.lower() == word.lower()]
            if word not in entries and len(alike) == 1:
                word = alike[0]
            if entries.pop(word, None) is None:
                raise UserError("There is no such entry. `/pronounce list` shows all of them.")
            await self._store.replace(entries, guild_id=guild_id, user_id=user_id)

    async def replace(
        self,
        entries: Mapping[str, str],
        *,
        guild_id: int | None = None,
        user_id: int | None = None,
    ) -> "Imported":
        """Make `entries` all that the owner has. Raises `UserError` for one that cannot be."""
        checked = await self._checked(entries)
        async with self._transaction():
            before = await self.entries(guild_id=guild_id, user_id=user_id)
            await self._store.replace(checked, guild_id=guild_id, user_id=user_id)
        return Imported.of(before, checked)

    async def merge(
        self,
        entries: Mapping[str, str],
        *,
        guild_id: int | None = None,
        user_id: int | None = None,
    ) -> "Imported":
        """Add `entries` to what the owner has; of a word that has one already, they win.

        Raises `UserError` for one that cannot be, and where they would be too many.
        """
        checked = await self._checked(entries)
        async with self._transaction():
            before = await self.entries(guild_id=guild_id, user_id=user_id)
            merged = before | checked
            if len(merged) > max(len(before), self.limits.max_entries):
                raise UserError(
                    "Together that is {count:,} entries, and I keep at most "
                    "{most:,}. I changed nothing.",
                    count=len(merged),
                    most=self.limits.max_entries,
                )
            await self._store.replace(merged, guild_id=guild_id, user_id=user_id)
        return Imported.of(before, merged)

    async def _checked(self, entries: Mapping[str, str]) -> dict[str, str]:
        try:
            return await asyncio.to_thread(checked_entries, entries, self.limits)
        except EntryRefused as error:
            raise UserError(error.sentence) from None
