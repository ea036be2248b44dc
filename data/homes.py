"""Which folder has the files that the rows of a PostgreSQL speak of. SQLite lies in that folder."""

from data.part import StorePart

#: Among `secrets`; it stays behind when the rows are moved elsewhere.
HOME = "home"


class HomeStore(StorePart):
    """Rows and files agree; files that no row speaks of are removed. So the two stay together."""

    async def of_folder(self) -> str | None:
        """What the folder is known by; None: there is none yet."""
        found = await self._database.column("SELECT value FROM secrets WHERE name = ?", HOME)
        return found[0] if found else None

    async def belongs(self, home: str) -> None:
        """Note the folder, unless another one is noted."""
        row = {"name": HOME, "value": home}
        await self._database.insert("secrets", row, unless_known=True)

    async def moved(self, home: str) -> None:
        """Note another place in place of the one that is noted."""
        await self._database.update("secrets", {"value": home}, name=HOME)
