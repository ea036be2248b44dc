"""What every part of the store is made of."""

from collections.abc import Callable

from data.database import Database


class StorePart:
    """One subject's statements. `clock` gives UTC in Unix seconds."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def _remember(self, user_id: int) -> None:
        """Store a person whom rows are about, unless they are known already."""
        user = {"user_id": user_id, "created_at": self._clock()}
        await self._database.insert("users", user, unless_known=True)
