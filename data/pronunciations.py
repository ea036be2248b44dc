"""How servers and members want words said."""

from collections.abc import Mapping

from data.columns import Value, given, matching
from data.part import StorePart


class PronunciationStore(StorePart):
    """Entries as {word: what to say}. Each call names a server or a member, never both."""

    async def entries(
        self, *, guild_id: int | None = None, user_id: int | None = None
    ) -> dict[str, str]:
        of: dict[str, Value] = {"guild_id": guild_id, "user_id": user_id}
        rows = await self._database.fetch(
            f"SELECT word, say FROM pronunciations WHERE {matching(of)} ORDER BY word",  # noqa: S608
            *given(of),
        )
        return {row["word"]: row["say"] for row in rows}

    async def both(self, guild_id: int, user_id: int) -> tuple[dict[str, str], dict[str, str]]:
        """The entries of a server and those of a member, by word."""
        rows = await self._database.lookup(
            "SELECT word, say, user_id FROM pronunciations WHERE guild_id = ? AND user_id IS NULL "
            "UNION ALL SELECT word, say, user_id FROM pronunciations "
            "WHERE guild_id IS NULL AND user_id = ? ORDER BY word",
            guild_id,
            user_id,
        )
        server = {row["word"]: row["say"] for row in rows if row["user_id"] is None}
        user = {row["word"]: row["say"] for row in rows if row["user_id"] is not None}
        return server, user

    async def replace(
        self,
        entries: Mapping[str, str],
        *,
        guild_id: int | None = None,
        user_id: int | None = None,
    ) -> None:
        """Make `entries` all that a server or a member has.

        Raises `RuleBroken` for both or neither of them, or an empty word.
        """
        async with self._database.transaction():
            if user_id is not None:
                await self._remember(user_id)
            await self._database.delete("pronunciations", guild_id=guild_id, user_id=user_id)
            await self._database.execute_each(
                "INSERT INTO pronunciations (guild_id, user_id, word, say) VALUES (?, ?, ?, ?)",
                [(guild_id, user_id, word, say) for word, say in entries.items()],
            )
