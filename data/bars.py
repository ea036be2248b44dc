"""Whom moderators, or who runs the bot, bar from speaking, from voices of theirs, or from all."""

from enum import StrEnum

import msgspec

from data.pseudonyms import PseudonymousPart
from data.rows import typed


class Bar(StrEnum):
    """What a person is barred from."""

    SAY = "say"  # to have something said by a command
    VOICES = "voices"  # of their own: to register them, and to have them spoken in
    EVERYTHING = "everything"


class BarRow(msgspec.Struct, frozen=True, kw_only=True):
    """How a person is barred. A `guild_id` of None is everywhere, an `ends_at` of None no end."""

    guild_id: int | None
    kind: Bar
    ends_at: float | None


#: Of bars `b`, of a person's code in a server at a time.
COUNTS = (
    "b.person = ? AND (b.guild_id = ? OR b.guild_id IS NULL) "
    "AND (b.ends_at IS NULL OR b.ends_at > ?)"
)


class BarStore(PseudonymousPart):
    """Barred people by their codes, so that deleting their data undoes nothing.

    A `guild_id` of None is everywhere. A bar that has ended is none.
    """

    async def add(
        self, user_id: int, guild_id: int | None, kind: Bar, ends_at: float | None = None
    ) -> None:
        """Bar a person, in place of how they were barred there before."""
        async with self._database.transaction():
            await self.remove(user_id, guild_id)
            row = {
                "guild_id": guild_id,
                "person": self._pseudonym(user_id),
                "kind": kind.value,
                "barred_at": self._clock(),
                "ends_at": ends_at,
            }
            await self._database.insert("bars", row)

    async def remove(self, user_id: int, guild_id: int | None) -> bool:
        """Admit a person again; false if they were not barred there."""
        person = self._pseudonym(user_id)
        await self.forget_ended()
        return bool(await self._database.delete("bars", guild_id=guild_id, person=person))

    async def of(self, user_id: int, guild_id: int) -> dict[int | None, BarRow]:
        """How a person is barred in a server, and (None) everywhere."""
        rows = await self._database.lookup(
            f"SELECT {', '.join(BarRow.__struct_fields__)} FROM bars AS b WHERE {COUNTS}",  # noqa: S608
            self._pseudonym(user_id),
            guild_id,
            self._clock(),
        )
        bars = (typed(row, BarRow) for row in rows)
        return {bar.guild_id: bar for bar in bars}

    async def voiceless(self, guild_id: int) -> frozenset[str]:
        """The codes of all people in whose voices nobody may speak in a server."""
        return frozenset(
            await self._database.column(
                "SELECT person FROM bars WHERE kind <> 'say' "
                "AND (guild_id = ? OR guild_id IS NULL) AND (ends_at IS NULL OR ends_at > ?)",
                guild_id,
                self._clock(),
            )
        )

    async def forget_ended(self) -> int:
        """Delete the bars that have ended; returns how many there were."""
        return await self._database.execute("DELETE FROM bars WHERE ends_at <= ?", self._clock())
