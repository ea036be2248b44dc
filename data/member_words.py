"""What members are called in a server, and what is said when they come and go."""

from collections.abc import Collection
from enum import StrEnum

from data.part import StorePart


class WordsKind(StrEnum):
    """What a member's own words are for."""

    NAME = "name"
    ARRIVAL = "arrival"
    DEPARTURE = "departure"


class MemberWordsStore(StorePart):
    """A member's own words by server and kind."""

    async def choose(self, user_id: int, guild_id: int, kind: WordsKind, words: str | None) -> None:
        """Remember a member's words; None: they have none."""
        if words is None:
            await self._database.delete(
                "member_words", user_id=user_id, guild_id=guild_id, kind=kind.value
            )
            return
        row = {"user_id": user_id, "guild_id": guild_id, "kind": kind.value, "words": words}
        async with self._database.transaction():
            await self._remember(user_id)
            await self._database.upsert("member_words", row, key="user_id, guild_id, kind")

    async def forget_names(self, user_id: int) -> None:
        """A member is called by their name on Discord again, in every server."""
        await self._database.delete("member_words", user_id=user_id, kind=WordsKind.NAME.value)

    async def get(self, user_id: int, guild_id: int, kind: WordsKind) -> str | None:
        return (await self.of(guild_id, kind, {user_id})).get(user_id)

    async def of(self, guild_id: int, kind: WordsKind, user_ids: Collection[int]) -> dict[int, str]:
        """The words of those of some members who have any, by id."""
        if not user_ids:
            return {}
        rows = await self._database.fetch(
            "SELECT user_id, words FROM member_words WHERE guild_id = ? AND kind = ? "  # noqa: S608
            f"AND user_id IN ({', '.join('?' * len(user_ids))})",
            guild_id,
            kind.value,
            *user_ids,
        )
        return {row["user_id"]: row["words"] for row in rows}
