"""Servers that the bot was removed from, and what is to be cleaned once they stay away."""

from collections.abc import Callable, Iterable

from data.part import StorePart
from data.rows import VoiceRow


class DepartedGuildStore(StorePart):
    """Since when the bot is gone from which server."""

    async def departed(self, guild_id: int) -> None:
        """Note that the bot was removed from a server; of one noted before, keep since when."""
        row = {"guild_id": guild_id, "departed_at": self._clock()}
        await self._database.insert("departed_guilds", row, unless_known=True)

    async def returned(self, guild_id: int) -> None:
        await self._database.delete("departed_guilds", guild_id=guild_id)

    async def present(self, guild_ids: Iterable[int], owns: Callable[[int], bool]) -> None:
        """Note the servers that this process is in now.

        Those known otherwise have departed, if they would be its own: others' are not its business.
        """
        here = set(guild_ids)
        async with self._database.transaction():
            await self._database.execute_each(
                "DELETE FROM departed_guilds WHERE guild_id = ?", [(guild,) for guild in here]
            )
            for guild_id in await self._known() - here:
                if owns(guild_id):
                    await self.departed(guild_id)

    async def due(self, grace_s: float) -> list[int]:
        return await self._database.column(
            "SELECT guild_id FROM departed_guilds WHERE departed_at <= ? ORDER BY guild_id",
            self._clock() - grace_s,
        )

    async def voices_left_behind(self, guild_id: int) -> list[VoiceRow]:
        """The voices that belong to a server alone.

        Those for it alone, and those registered in it that are chosen or shared in no other.
        """
        return await self._database.select(
            VoiceRow,
            "SELECT * FROM voices AS v WHERE v.guild_id = ? OR (v.origin_guild_id = ? "
            "AND NOT EXISTS (SELECT 1 FROM voice_choices AS c "
            "WHERE c.voice_id = v.voice_id AND c.guild_id <> ?) "
            "AND NOT EXISTS (SELECT 1 FROM voice_shares AS s "
            "WHERE s.voice_id = v.voice_id AND s.guild_id <> ?)) ORDER BY v.voice_id",
            *([guild_id] * 4),
        )

    async def clean(self, guild_id: int) -> None:
        """Delete every row of a server. Its voices are deleted before, file by file."""
        async with self._database.transaction():
            for table in await self._tables():
                await self._database.delete(table, guild_id=guild_id)
            await self._database.update(
                "voices", {"origin_guild_id": None}, origin_guild_id=guild_id
            )
            await self._database.delete("departed_guilds", guild_id=guild_id)

    async def _tables(self) -> list[str]:
        """Every table with rows of servers, but `voices` and this one: a later one is in it too."""
        found = await self._database.tables("guild_id")
        return [table for table in found if table not in ("voices", "departed_guilds")]

    async def _known(self) -> set[int]:
        columns = [("guild_id", table) for table in (*await self._tables(), "voices")]
        union = " UNION ".join(
            f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608 - names from the schema
            for column, table in (*columns, ("origin_guild_id", "voices"))
        )
        return set(await self._database.column(union))
