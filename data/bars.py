"""Whom moderators, or who runs the bot, bar from voices of their own or from everything."""

from enum import StrEnum

from data.pseudonyms import PseudonymousPart


class Bar(StrEnum):
    """What a person is barred from."""

    VOICES = "voices"  # of their own: to register them, and to have them spoken in
    EVERYTHING = "everything"


class BarStore(PseudonymousPart):
    """Barred people by their codes, so that deleting their data undoes nothing.

    A `guild_id` of None is everywhere.
    """

    async def add(self, user_id: int, guild_id: int | None, kind: Bar) -> None:
        """Bar a person, in place of how they were barred there before."""
        async with self._database.transaction():
            await self.remove(user_id, guild_id)
            row = {
                "guild_id": guild_id,
                "person": self._pseudonym(user_id),
                "kind": kind.value,
                "barred_at": self._clock(),
            }
            await self._database.insert("bars", row)

    async def remove(self, user_id: int, guild_id: int | None) -> bool:
        """Admit a person again; false if they were not barred there."""
        person = self._pseudonym(user_id)
        return bool(await self._database.delete("bars", guild_id=guild_id, person=person))

    async def of(self, user_id: int, guild_id: int) -> dict[int | None, Bar]:
        """How a person is barred in a server, and (None) everywhere."""
        rows = await self._database.fetch(
            "SELECT guild_id, kind FROM bars WHERE person = ? "
            "AND (guild_id = ? OR guild_id IS NULL)",
            self._pseudonym(user_id),
            guild_id,
        )
        return {row["guild_id"]: Bar(row["kind"]) for row in rows}

    async def codes(self, guild_id: int) -> frozenset[str]:
        """The codes of all people who are barred from anything in a server."""
        return frozenset(
            await self._database.column(
                "SELECT person FROM bars WHERE guild_id = ? OR guild_id IS NULL", guild_id
            )
        )
