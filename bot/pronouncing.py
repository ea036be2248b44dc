"""The pronunciations of servers and members, kept ready for reading."""

from collections.abc import Mapping

from bot.errors import UserError
from bot.text import Pronunciations
from bot.text.pronunciations import checked_entries, checked_entry
from data.store import Store

#: Building one checks up to 2,000 entries; this many of them take some MB at the most.
_KEPT = 256


class Pronouncing:
    """How words are said. An owner is given as `guild_id` or `user_id`, never both."""

    def __init__(self, store: Store) -> None:
        self._store = store.pronunciations
        self._kept: dict[tuple[int, int], Pronunciations] = {}

    async def of(self, guild_id: int, user_id: int) -> Pronunciations:
        """What counts for a member in a server: theirs before the server's."""
        key = (guild_id, user_id)
        if key not in self._kept:
            # Entries are asked for before anything is kept: a change meanwhile empties the rest.
            kept = self._kept
            built = Pronunciations(
                await self._store.entries(guild_id=guild_id),
                await self._store.entries(user_id=user_id),
            )
            if len(kept) >= _KEPT:
                kept.clear()
            kept[key] = built
            return built
        return self._kept[key]

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
            word, say = checked_entry(word, say)
        except ValueError as error:
            raise UserError(str(error)) from None
        entries = await self.entries(guild_id=guild_id, user_id=user_id)
        await self.replace(entries | {word: say}, guild_id=guild_id, user_id=user_id)
        return word, say

    async def remove(
        self, word: str, *, guild_id: int | None = None, user_id: int | None = None
    ) -> None:
        """Forget an entry. Raises `UserError` for one that is not there."""
        entries = await self.entries(guild_id=guild_id, user_id=user_id)
        if entries.pop(word, None) is None:
            raise UserError("There is no such entry. /pronounce list shows what there is.")
        await self.replace(entries, guild_id=guild_id, user_id=user_id)

    async def replace(
        self,
        entries: Mapping[str, str],
        *,
        guild_id: int | None = None,
        user_id: int | None = None,
    ) -> None:
        """Make `entries` all that the owner has. Raises `UserError` for one that cannot be."""
        try:
            checked = checked_entries(entries)
        except ValueError as error:
            raise UserError(str(error)) from None
        await self._store.replace(checked, guild_id=guild_id, user_id=user_id)
        # Whoever was reading the old entries keeps them in a dictionary that nobody sees any more.
        self._kept = {}
